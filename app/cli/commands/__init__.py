"""The commands, one file each; `stepsize COMMAND` loads its file when it is used."""
