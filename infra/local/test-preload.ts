import { afterAll } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Runs before every test file. Built-ins only, until it is sure that the rest is installed. */

const CLOSE_MS = 20_000

if (!existsSync(join(import.meta.dirname, '..', '..', 'node_modules'))) unprepared('the packages')

const { closeTesting, TEST_CACHE } = await import('../testing/test-resources.ts')
const { presentNatsServer } = await import('./programs/nats-server.ts')

if (!presentNatsServer(TEST_CACHE)) unprepared('nats-server')

afterAll(closeTesting, CLOSE_MS)

/** Ends the run with one sentence; an error would be printed again for every file. */
function unprepared(what: string): never {
  process.stderr.write(`The tests need ${what}. Run \`bun run test\` once: it prepares all that they need.\n`)
  process.exit(1)
}
