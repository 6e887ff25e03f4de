"""Energy-cost trusteeship (能源费用托管): what measures bring, contracts, verified savings."""
