/**
 * A process that lives only as long as its parent holds the channel open, and as any socket of the transport
 * would make it. Arguments: endpoint, the addresses that its name has, `proxy=<url>`, `ca=<file>`.
 */
import { subscribe } from 'node:diagnostics_channel'
import { isIP, setDefaultAutoSelectFamilyAttemptTimeout, type Socket } from 'node:net'
import { Transport } from '../../src/delivery/transport.ts'

const [endpoint = '', ...rest] = process.argv.slice(2)
const optionOf = (name: string): string | undefined =>
  rest.find((argument) => argument.startsWith(`${name}=`))?.slice(name.length + 1)
const addresses = rest
  .filter((argument) => isIP(argument) > 0)
  .map((address) => ({ address, family: isIP(address) }))

setDefaultAutoSelectFamilyAttemptTimeout(10)
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  socket.on('connectionAttempt', () => process.send?.('attempt'))
})
process.once('message', () => process.disconnect())

const transport = new Transport({
  endpoint,
  apiKey: 'key',
  // Long enough that whatever waits for it is a hang.
  deadlineMs: 600_000,
  allowPrivateEndpoint: true,
  caFile: optionOf('ca'),
  environment: { HTTPS_PROXY: optionOf('proxy') },
  ...(addresses.length === 0 ? {} : { lookup: (_name, _options, found) => found(null, addresses) }),
})
void transport.send({ id: 'batch-1', lines: ['{}'] }).then((answer) => process.send?.(Object.keys(answer)[0]))
