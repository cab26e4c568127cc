"""Reading what people write: YAML with places in it, shapes that say what is wrong, values that may be secrets.

`probes.scenario_files` and `probes.settings` are its two faces; importing them loads it when it is needed.
"""
