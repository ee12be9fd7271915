import { afterAll } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Runs before every test file. Built-ins only, until it is sure that the rest is installed. */

const CLOSE_TIMEOUT_MS = 20_000

if (!existsSync(join(import.meta.dirname, '..', '..', 'node_modules'))) exitUnprepared('the packages')

const { closeTestResources: closeTesting, TEST_CACHE } = await import('../testing/test-resources.ts')
const { findInstalledNatsServer } = await import('./programs/nats-server.ts')

if (!findInstalledNatsServer(TEST_CACHE)) exitUnprepared('nats-server')

afterAll(closeTesting, CLOSE_TIMEOUT_MS)

/** Ends the run with one sentence; an error would be printed again for every file. */
function exitUnprepared(what: string): never {
  process.stderr.write(`The tests need ${what}. Run \`bun run test\` once: it prepares all that they need.\n`)
  process.exit(1)
}
