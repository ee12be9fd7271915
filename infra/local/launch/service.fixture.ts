import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Fake service for the launcher's tests. It is ready at once, and notes each SIGTERM and whether the database was still
 * reachable then.
 */

const [name = ''] = process.argv.slice(2)
const { DATA_DIR = '', DATABASE_URL = '', PORT = '' } = process.env
const port = Number(process.env[`${name.toUpperCase()}_PORT`])

const appendNote = (line: string) => appendFile(join(DATA_DIR, 'notes'), `${name} ${line}\n`)

Bun.serve({
  port,
  hostname: process.env.HOST ?? '',
  fetch: request => {
    const { pathname } = new URL(request.url)
    if (request.headers.get('host') !== `localhost:${PORT}`) return new Response('wrong host', { status: 403 })
    return pathname === '/api/models' ? Response.json([{ id: 'stand-in' }]) : new Response(`${name} ${pathname}`)
  },
})

process.on('SIGTERM', async () => {
  const { hostname, port } = new URL(DATABASE_URL)
  const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } }).catch(() => undefined)
  socket?.end()
  await appendNote(`stops, database ${socket ? 'there' : 'gone'}`)
  if (process.env.STUBBORN !== name) process.exit(0)
})

if (process.env.BREAKS === name) {
  process.stderr.write('the setting FROBNICATE is wrong\n')
  process.exit(1)
}
