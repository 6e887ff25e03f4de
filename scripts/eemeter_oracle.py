"""What eemeter 2.10.11 says of sample meters, for tests/domain/baseline/data; run where eemeter is installed, not here.

    python3.11 -m venv eemeter-env
    eemeter-env/bin/pip install eemeter==2.10.11 "pandas<2" "numpy<2" pytz "scipy<1.12" "statsmodels<0.15"
    eemeter-env/bin/python scripts/eemeter_oracle.py billing
    eemeter-env/bin/python scripts/eemeter_oracle.py hourly HOURLY.csv WEATHER.csv b16 | gzip -9n

The samples come with eemeter (Apache-2.0) and are simulated; HOURLY and WEATHER are the hourly electricity [kWh] and
weather of the Cambridge University Estates archive (MIT; Open Government Licence v3).
"""

import json
import sys

import eemeter
import numpy as np
import pandas as pd

BILLING = [
    f"il-{meter}-billing_{rhythm}"
    for meter in ("electricity-cdd-hdd", "electricity-cdd-only", "gas-hdd-only", "gas-intercept-only")
    for rhythm in ("monthly", "bimonthly")
]
STANDARD = pd.Timedelta(hours=6)
"""The clock of the samples is six hours behind UTC; their days begin at 06:00."""

EVERY = 37
"""Of the hours predicted every so many are kept: all hours of the week are among them, in every season."""


def billing() -> dict:
    meters = {name: bills(name) for name in BILLING}
    air = eemeter.load_sample(BILLING[0])[1]
    daily = air.resample("D", offset=STANDARD).mean()
    whole = air.resample("D", offset=STANDARD).count() == 24
    return {
        "source": "eemeter 2.10.11 (Apache-2.0) and its simulated samples",
        "first_day": str((daily.index[0] - STANDARD).date()),
        "mean_f": [value if full else None for value, full in zip(daily, whole, strict=True)],
        "meters": meters,
    }


def bills(name: str) -> dict:
    meter, air, told = eemeter.load_sample(name)
    baseline, _ = eemeter.get_baseline_data(meter, end=told["blackout_start_date"], max_days=365)
    report, _ = eemeter.get_reporting_data(meter, start=told["blackout_end_date"], max_days=365)
    design = eemeter.create_caltrack_daily_design_matrix(baseline, air)
    model = eemeter.fit_caltrack_usage_per_day_model(
        design, fit_cdd="gas" not in name, use_billing_presets=True, weights_col="n_days_kept"
    )
    savings, _bands = eemeter.metered_savings(model, report, air, confidence_level=0.9)
    fitted = model.predict(baseline.index, air).result.predicted_usage
    return {
        "readings": [[str((at - STANDARD).date()), none(value)] for at, value in meter.value.items()],
        "baseline": span(baseline),
        "report": span(report),
        "model": model.model.model_type,
        "params": {key: float(value) for key, value in model.model.model_params.items()},
        "r_squared_adj": float(model.r_squared_adj),
        "cvrmse_adj": float(model.avgs_metrics.cvrmse_adj),
        "fitted": [none(value) for value in fitted],
        "counterfactual": [none(value) for value in savings.counterfactual_usage],
        "observed": [none(value) for value in savings.reporting_observed],
        "savings": float(savings.metered_savings.sum()),
    }


def span(part: pd.DataFrame) -> list[str]:
    """First and last day of what is between the first and the last reading."""
    return [str((part.index[0] - STANDARD).date()), str((part.index[-1] - STANDARD - pd.Timedelta(days=1)).date())]


def none(value: float) -> "float | None":
    return None if np.isnan(value) else float(value)


def hourly(path: str, weather: str, building: str) -> dict:
    meter, air, told = eemeter.load_sample("il-electricity-cdd-hdd-hourly")
    baseline, _ = eemeter.get_baseline_data(meter, end=told["blackout_start_date"], max_days=365)
    report = air[told["blackout_end_date"] :].iloc[: 365 * 24]
    found = {"il-electricity-cdd-hdd-hourly": towt(baseline, air, report, "UTC")}
    use = pd.read_csv(path, index_col=0, parse_dates=True)[building]
    degrees = pd.read_csv(weather, index_col=0, parse_dates=True)["air_temp_c"]
    use = use.where(use != 0).asfreq("H").tz_localize("UTC")
    fahrenheit = (degrees * 9 / 5 + 32).asfreq("H").tz_localize("UTC")
    year = use["2017"].to_frame("value")
    closed = pd.concat([year, pd.DataFrame({"value": [np.nan]}, index=[pd.Timestamp("2018-01-01", tz="UTC")])])
    closed.index.freq = "H"
    found[building] = towt(closed, fahrenheit, fahrenheit["2018"], "UTC")
    return {
        "source": "eemeter 2.10.11 (Apache-2.0); Cambridge University Estates archive v2.1 (MIT); Met Office MIDAS "
        "Open (Open Government Licence v3)",
        "every": EVERY,
        "meters": found,
    }


def towt(baseline: pd.DataFrame, air: pd.Series, report: pd.Series, zone: str) -> dict:
    early = eemeter.create_caltrack_hourly_preliminary_design_matrix(baseline, air)
    months = eemeter.segment_time_series(early.index, "three_month_weighted")
    occupancy = eemeter.estimate_hour_of_week_occupancy(early, segmentation=months)
    bins = eemeter.fit_temperature_bins(early, segmentation=months)
    designs = eemeter.create_caltrack_hourly_segmented_design_matrices(early, months, occupancy, bins)
    model = eemeter.fit_caltrack_hourly_model(designs, occupancy, bins)
    predicted = model.predict(report.index, report).result.predicted_usage
    fitted = model.predict(baseline.index[:-1], air[baseline.index[:-1]]).result.predicted_usage
    at = air.reindex(baseline.index[:-1])
    return {
        "baseline_start": str(baseline.index[0]),
        "report_start": str(report.index[0]),
        "use": [none(value) for value in baseline.value[:-1]],
        "baseline_f": [none(value) for value in at],
        "report_f": [none(value) for value in report],
        "occupied": [int(occupancy[month].sum()) for month in occupancy],
        "bins": [[int(edge) for edge in bins.index[bins[month]]] for month in bins],
        "fitted": [none(value) for value in fitted[::EVERY]],
        "predicted": [none(value) for value in predicted[::EVERY]],
        "fitted_sum": float(fitted.sum()),
        "predicted_sum": float(predicted.sum()),
    }


if __name__ == "__main__":
    work = {"billing": billing, "hourly": hourly}[sys.argv[1]]
    json.dump(work(*sys.argv[2:]), sys.stdout, indent=None if sys.argv[1] == "hourly" else 1)
