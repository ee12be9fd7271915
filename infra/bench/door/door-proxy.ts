import { startGateway } from '../../src/http/gateway/gateway.ts'

/** The gateway in a process of its own, in front of the services at the given addresses: as the launcher has it while query is away. */
const [ingest = '', query = ''] = process.argv.slice(2)
const { port } = startGateway({ port: 0, host: '127.0.0.1', upstreams: { ingest, query } })
process.stdout.write(`${port}\n`)
