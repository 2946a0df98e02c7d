"""The only room that speaks Redis: keys, codec, Lua scripts, one file per topic, the embedded server."""
