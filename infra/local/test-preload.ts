import { afterAll } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './root.ts'

/** Setup of every test file. Static imports are built-ins only: the packages may not be installed yet. */

if (!existsSync(join(ROOT, 'node_modules'))) exitUnprepared('the packages')

const { closeTestResources, TEST_CACHE } = await import('../testing/test-resources.ts')
const { findInstalledNatsServer } = await import('./programs/nats-server.ts')

if (!findInstalledNatsServer(TEST_CACHE)) exitUnprepared('nats-server')

afterAll(closeTestResources)

/** Exits the run with one sentence. An error would be printed again for every file. */
function exitUnprepared(what: string): never {
  process.stderr.write(`The tests need ${what}. Run \`bun run test\` once: it prepares all that they need.\n`)
  process.exit(1)
}
