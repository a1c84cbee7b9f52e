"""The commands of the client, one file each; a server adds its own through an entry point group."""
