"""Joules of Python code, from a power meter, with their uncertainty.

    import tbft

    with tbft.Monitor("ina219:///dev/i2c-1?shunt_ohm=0.1", trace="trace.csv") as monitor:
        with monitor.window("train") as window:
            train()
        energy = window.energy
        print(energy.joules, energy.U, energy.seconds, energy.watts) if energy.valid else print(energy.reason)

`tbft meters` and tbft.meters() list the meters; "estimate://" needs none and is no measurement. read_run() and
read_meters() read what `tbft run` wrote. Errors are tbft.Error, tbft.NoMeter where there is no such meter, and ValueError for wrong usage.
"""
from tbft._power import (Energy, Error, FoundMeter, Meter, Monitor, NetEnergy, NoMeter, Snapshot, Window, __version__,
                         meters)
from tbft.runs import read_meters, read_run

__all__ = ["Energy", "Error", "FoundMeter", "Meter", "Monitor", "NetEnergy", "NoMeter", "Snapshot", "Window", "meters",
           "read_meters", "read_run", "__version__"]
