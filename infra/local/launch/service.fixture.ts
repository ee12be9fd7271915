import { existsSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { offerGateway } from '../../src/http/gateway/offered-gateway.ts'
import { createLog } from '../../src/log.ts'

/**
 * Fake service for the launcher's tests. It is ready at once, and notes each SIGTERM and whether the database was still
 * reachable then. With `BREAKS` it exits at once until the file `repaired` exists; with `STUBBORN` it ignores SIGTERM; with `PAID` it
 * waits for two calls after the first, until the file `answered` exists or a second SIGTERM comes.
 */

const [name = ''] = process.argv.slice(2)
const { DATA_DIR = '', DATABASE_URL = '', INGEST_URL = '', PORT = '' } = process.env
const port = Number(process.env[`${name.toUpperCase()}_PORT`])

const existsInData = (file: string) => existsSync(join(DATA_DIR, file))
let stops = 0

const appendNote = (line: string) => appendFile(join(DATA_DIR, 'notes'), `${name} ${line}\n`)

const CALL = { provider: 'Fake', model: 'fake-image', remainingSeconds: 47.5 }
const STOPPING = { ready: false, stopping: true, checks: {}, calls: [CALL, { ...CALL, remainingSeconds: 20 }] }

const handle = (request: Request, way: 'direct' | 'forwarded'): Response => {
  const { pathname } = new URL(request.url)
  if (pathname === '/readyz' && stops > 0) return Response.json(STOPPING, { status: 503 })
  if (request.headers.get('host') !== `localhost:${PORT}`) return new Response('wrong host', { status: 403 })
  if (pathname === '/api/way') return new Response(`${way} ${process.pid}`)
  return pathname === '/api/models' ? Response.json([{ id: 'stand-in' }]) : new Response(`${name} ${pathname}`)
}

Bun.serve({ port, hostname: process.env.HOST ?? '', fetch: request => handle(request, 'forwarded') })

if (name === 'query') {
  const log = createLog({ service: name, level: 'silent' })
  const upstreams = { ingest: INGEST_URL, query: (request: Request) => handle(request, 'direct') }
  offerGateway({ channel: process, gateway: { upstreams }, log })
}

process.on('SIGTERM', async () => {
  const { hostname, port } = new URL(DATABASE_URL)
  const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } }).catch(() => undefined)
  socket?.end()
  await appendNote(`stops, database ${socket ? 'there' : 'gone'}`)
  stops += 1
  while (process.env.PAID === name && stops === 1 && !existsInData('answered')) await Bun.sleep(20)
  if (process.env.STUBBORN !== name) process.exit(0)
})

if (process.env.BREAKS === name && !existsInData('repaired')) {
  process.stderr.write('the setting FROBNICATE is wrong\n')
  process.exit(1)
}
