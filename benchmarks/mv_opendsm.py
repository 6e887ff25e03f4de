"""CPU seconds of one meter by opendsm 1.2.7, data prepared and predicted; run by a Python that has it (``mv.py``)."""

import json
import sys
import time
import warnings

import pandas as pd
from opendsm.eemeter import (
    DailyBaselineData,
    DailyModel,
    DailyReportingData,
    HourlyBaselineData,
    HourlyModel,
    HourlyReportingData,
)

warnings.filterwarnings("ignore")


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    print(json.dumps({"daily": daily(told), "hourly": hourly(told)}))


def daily(told: dict) -> float:
    index = pd.date_range(told["first_day"], periods=len(told["celsius"]), freq="D", tz="UTC")
    fahrenheit = pd.Series(told["celsius"], index=index) * 9 / 5 + 32
    seconds = []
    for use in told["use"].values():
        frame = pd.DataFrame({"observed": use, "temperature": fahrenheit}, index=index)
        start = time.process_time()
        baseline = DailyBaselineData(frame.iloc[:365], is_electricity_data=True)
        model = DailyModel().fit(baseline, ignore_disqualification=True)
        report = DailyReportingData(frame.iloc[365:], is_electricity_data=True)
        model.predict(report, ignore_disqualification=True)
        seconds.append(time.process_time() - start)
    return sum(seconds[1:]) / (len(seconds) - 1)  # the first one compiles


def hourly(told: dict) -> float:
    held = told["hours"]
    index = pd.date_range(told["first_day"], periods=2 * 8760, freq="h", tz="UTC")
    use = pd.Series(held["use"] * 2, index=index, dtype=float)
    frame = pd.DataFrame({"observed": use, "temperature": held["f"] + held["report_f"]}, index=index)
    seconds = []
    for _repeat in range(3):
        start = time.process_time()
        baseline = HourlyBaselineData(frame.iloc[:8760], is_electricity_data=True)
        model = HourlyModel().fit(baseline, ignore_disqualification=True)
        report = HourlyReportingData(frame.iloc[8760:], is_electricity_data=True)
        model.predict(report, ignore_disqualification=True)
        seconds.append(time.process_time() - start)
    return min(seconds[1:])


if __name__ == "__main__":
    main(sys.argv[1])
