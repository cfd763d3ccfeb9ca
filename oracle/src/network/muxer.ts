import { yamux } from "@chainsafe/libp2p-yamux";
import type { MessageStream, StreamMuxerFactory } from "@libp2p/interface";

/** How long the news that more may be sent waits for something to travel with, milliseconds. */
const HOLD_MS = 500;

/** How much of a window may be held back; a stream's sender has 256 KiB at least, so it never waits for what is held. */
const MAX_HELD_BYTES = 32 * 1024;

/**
 * Yamux that does not answer each message with a frame of its own. It tells the sender of every frame at once that its
 * window is open again, which for a task's messages is as many frames as they are themselves; here that news travels with
 * the next frame in that direction, or by itself when it is due.
 */
export function muxer(): () => StreamMuxerFactory {
  const createFactory = yamux();
  return () => {
    const factory = createFactory();
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection) => factory.createStreamMuxer(holdingUpdates(connection)),
    };
  };
}

/** A connection over which pure window updates of yamux wait for the next frame, or for their time. */
export function holdingUpdates(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  let held: Uint8Array[] = [];
  let window = 0;
  let due: NodeJS.Timeout | undefined;

  const release = (): Uint8Array[] => {
    const released = held;
    clearTimeout(due);
    [held, window, due] = [[], 0, undefined];
    return released;
  };
  const sendHeld = (): void => {
    const updates = Buffer.concat(release());
    try {
      if (connection.status === "open") send(updates);
    } catch {
      // It is closing: nobody sends to this side any more.
    }
  };
  connection.send = (data) => {
    const opened = windowUpdate(data);
    if (opened !== undefined && window + opened <= MAX_HELD_BYTES) {
      held.push(data.subarray());
      window += opened;
      due ??= setTimeout(sendHeld, HOLD_MS).unref();
      return true;
    }
    return send(held.length === 0 ? data : Buffer.concat([...release(), data.subarray()]));
  };
  connection.addEventListener("close", release, { once: true });
  return connection;
}

/** By how much a frame opens a stream's window; undefined where it is another frame, or opens or ends the stream as well. */
function windowUpdate(frame: Parameters<MessageStream["send"]>[0]): number | undefined {
  if (frame.byteLength !== HEADER_BYTES) return undefined;
  const header = frame.subarray();
  const view = new DataView(header.buffer, header.byteOffset);
  return view.getUint32(0) === PURE_WINDOW_UPDATE ? view.getUint32(LENGTH_OFFSET) : undefined;
}

/** A frame's header: version u8, type u8, flags u16, stream u32, length u32, big-endian (yamux, spec.md, "Framing"). */
const HEADER_BYTES = 12;
const LENGTH_OFFSET = 8;

/** Version 0, type 1, no flags. */
const PURE_WINDOW_UPDATE = 0x0001_0000;
