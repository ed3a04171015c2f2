"""System tables: what the cluster knows of itself and has measured, as tables that SQL can ask.

`recording` sees every statement begin and end; `journal` keeps what they left; `tables` holds one declaration a table,
a family a module; `provide` turns those that a query reads into rows before it runs.
"""
