"""The subcommands, one file each; `stepsize COMMAND` imports the file when it is used."""
