//! What to type, at the end of each `--help`.

pub(super) const ALL: &str = "Examples:
  alleycat-bridge run --hub http://hub.local:8080 --state /var/lib/alleycat-bridge
                                        finds the bike, and serves the page on http://localhost:8765
  alleycat-bridge probe                 says what it sees at which port
  alleycat-bridge virtual --state bike  no bike at all
Each command tells more with --help.";

pub(super) const RUN: &str = "Examples:
  alleycat-bridge run                   finds the bike at any USB port
  alleycat-bridge run --port /dev/ttyUSB0 --driver peloton --state /var/lib/alleycat-bridge
                                        a Peloton Bike, page on http://localhost:8765
  alleycat-bridge run --port /dev/ttyACM0 --driver line --columns skip,cadence
                                        a sketch that prints speed,cadence
  alleycat-bridge run --config bridge.toml
                                        with `port = \"/dev/ttyUSB0\"` and other options in a file";

pub(super) const VIRTUAL: &str = "Examples:
  alleycat-bridge virtual --state bike  rides without end, with the page of the hub on this machine
  alleycat-bridge virtual --script ride.script --seed 7
                                        does what the script says, see docs/bridge.md";

pub(super) const RECORD: &str = "Examples:
  alleycat-bridge record ride.txt       finds the bike, and writes all bytes down
  alleycat-bridge record ride.txt --port /dev/ttyUSB0 --driver peloton";

pub(super) const REPLAY: &str = "Examples:
  alleycat-bridge replay ride.txt --speed 10
                                        that ride again and again, ten times as fast
  alleycat-bridge replay ride.txt --once";

pub(super) const LIST: &str = "Examples:
  alleycat-bridge list                  ports, what is plugged in, and the paths that stay the same";

pub(super) const PROBE: &str = "Examples:
  alleycat-bridge probe                 all USB ports, one after the other
  alleycat-bridge probe --port /dev/ttyS0
                                        only this one, which need not be USB
  alleycat-bridge probe --driver csafe  nothing of any other protocol is sent
What is found is told as the options that name it. Close other programs that use the port first.";

pub(super) const KIOSK: &str = "Examples:
  alleycat-bridge kiosk --profile ~/.local/share/alleycat-kiosk
  alleycat-bridge kiosk --profile /tmp/kiosk --browser-arg=--ozone-platform=wayland";

pub(super) const INSTALL: &str = "Examples:
  sudo alleycat-bridge install --user alleycat --dry-run
                                        only says what it would do
  sudo alleycat-bridge install --user alleycat";

pub(super) const UNINSTALL: &str = "Examples:
  sudo alleycat-bridge uninstall --dry-run
  sudo alleycat-bridge uninstall        the settings in /etc/alleycat stay";
