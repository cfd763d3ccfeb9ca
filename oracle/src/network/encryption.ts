import { noise } from "@chainsafe/libp2p-noise";
import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";

/**
 * Noise whose frames leave in one write each. It hands a frame over as some five pieces (length, header, body, tag), of which
 * the TCP transport makes as many system calls, segments on the wire, and reads at the other end: each costs more than
 * encrypting a kilobyte.
 */
export function encryption(): (components: Parameters<ReturnType<typeof noise>>[0]) => ConnectionEncrypter {
  const createNoise = noise();
  return (components) => {
    const encrypter = createNoise(components);
    return {
      protocol: encrypter.protocol,
      secureOutbound: (connection, options) => encrypter.secureOutbound(inOneWrite(connection), options),
      secureInbound: (connection, options) => encrypter.secureInbound(inOneWrite(connection), options),
    };
  };
}

function inOneWrite(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (data) => send(data.subarray());
  return connection;
}
