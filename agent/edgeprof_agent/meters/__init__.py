"""External power meters that publish over MQTT: plugs that most owners of such boards already have on their broker."""
