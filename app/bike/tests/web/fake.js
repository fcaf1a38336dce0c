// Browsers' interfaces as far as they can be had without a device: real streams, real events, real errors, and a
// bike of ours behind them.

const fault = (name) => new DOMException(name, name);

class Port extends EventTarget {
  readable = null;
  writable = null;
  bauds = [];
  written = [];
  busy = false;
  connected = true;

  getInfo() {
    return { usbVendorId: 0x1a86, usbProductId: 0x7523 };
  }

  async open({ baudRate }) {
    if (!this.connected || this.busy) throw fault("NetworkError");
    if (this.readable) throw fault("InvalidStateError");
    this.bauds.push(baudRate);
    this.stream();
    this.writable = new WritableStream({ write: (bytes) => void this.written.push(...bytes) });
  }

  stream() {
    this.readable = new ReadableStream({ start: (controller) => (this.controller = controller) });
  }

  async close() {
    if (this.readable?.locked || this.writable?.locked) throw new TypeError("locked");
    this.readable = this.writable = null;
  }

  say(text) {
    this.controller.enqueue(new TextEncoder().encode(text));
  }

  // Noise on the line: the stream breaks, and the port has a new one.
  disturb() {
    const broken = this.controller;
    this.stream();
    broken.error(fault("FramingError"));
  }

  unplug() {
    this.connected = false;
    const controller = this.controller;
    this.readable = null;
    controller.error(fault("NetworkError"));
  }
}

class Serial extends EventTarget {
  port = new Port();
  allowed = false;

  async requestPort() {
    this.allowed = true;
    return this.port;
  }

  async getPorts() {
    return this.allowed && this.port.connected ? [this.port] : [];
  }

  plug() {
    this.port = new Port();
    this.dispatchEvent(new Event("connect"));
  }
}

class Characteristic extends EventTarget {
  value = null;
  notifying = false;

  constructor(value) {
    super();
    this.first = value;
  }

  async readValue() {
    return new DataView(new Uint8Array(this.first).buffer);
  }

  async startNotifications() {
    this.notifying = true;
    return this;
  }

  say(bytes) {
    // A view into something larger, as browsers may hand it out.
    this.value = new DataView(new Uint8Array([0xff, ...bytes, 0xff]).buffer, 1, bytes.length);
    if (this.notifying) this.dispatchEvent(new Event("characteristicvaluechanged"));
  }
}

class Device extends EventTarget {
  id = "bike-1";
  name = "Fake bike";
  near = true;
  connects = 0;
  services = {
    0x1826: { 0x2ad2: new Characteristic([]), 0x2ad6: new Characteristic([0, 0, 50, 0, 1, 0]) },
  };

  gatt = {
    connect: async () => {
      if (!this.near) throw fault("NetworkError");
      this.connects += 1;
      return this.gatt;
    },
    disconnect: () => {},
    getPrimaryService: async (number) => {
      const service = this.services[number];
      if (!service) throw fault("NotFoundError");
      return {
        getCharacteristic: async (number) => {
          if (!service[number]) throw fault("NotFoundError");
          return service[number];
        },
      };
    },
  };

  get bike() {
    return this.services[0x1826][0x2ad2];
  }

  leave() {
    this.near = false;
    this.bike.notifying = false;
    this.dispatchEvent(new Event("gattserverdisconnected"));
  }
}

class Bluetooth extends EventTarget {
  device = new Device();
  allowed = false;

  async requestDevice({ filters, optionalServices }) {
    const wanted = filters.flatMap(({ services }) => services);
    if (![0x1826, 0x1818, 0x1816].every((number) => wanted.includes(number) && optionalServices.includes(number))) {
      throw fault("NotFoundError");
    }
    this.allowed = true;
    return this.device;
  }

  async getDevices() {
    return this.allowed ? [this.device] : [];
  }
}

export function install() {
  localStorage.clear();
  const put = (name, value) => Object.defineProperty(navigator, name, { value, configurable: true });
  put("serial", new Serial());
  put("bluetooth", new Bluetooth());
}

export function run(script) {
  return new Function("serial", "bluetooth", "port", "device", `return ${script}`)(
    navigator.serial, navigator.bluetooth, navigator.serial.port, navigator.bluetooth.device);
}
