import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The one file that runs before anything is installed: it imports built-ins only, because Bun would fetch whatever version it
 * likes of anything else. It has the frozen install done where that is due, and then runs the command.
 */

const ROOT = join(import.meta.dirname, '..', '..')
const STAMP = join(ROOT, 'node_modules', '.darkroom-lock')
const OLDEST = '1.4.0'

const COMMANDS: Record<string, () => Promise<{ main: (args: string[]) => Promise<number> }>> = {
  start: () => import('./start.ts'),
  dev: () => import('./dev.ts'),
  test: () => import('./test.ts'),
}

process.exit(await bootstrap(process.argv.slice(2)))

async function bootstrap([name = '', ...args]: string[]): Promise<number> {
  const load = COMMANDS[name]
  if (!load) return fail(`Commands: ${Object.keys(COMMANDS).join(', ')}.`)
  if (!Bun.semver.satisfies(Bun.version, `>=${OLDEST}`)) {
    return fail(`This needs Bun ${OLDEST} or newer; this is ${Bun.version}. Try \`npx -y bun@1.4 run ${name}\`.`)
  }
  if (!install()) return fail('The packages could not be installed. Is there a network, and room on the disk?')
  const { main } = await load()
  return await main(args)
}

/** @returns whether what the lock file names is installed */
function install(): boolean {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'bun.lock')))
    .digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return true
  process.stdout.write('Installing packages …\n')
  const done = spawnSync(process.execPath, ['install', '--frozen-lockfile'], { cwd: ROOT, encoding: 'utf8' })
  if (done.status !== 0) process.stderr.write(`${done.stdout}${done.stderr}`)
  if (done.status === 0) writeFileSync(STAMP, lock)
  return done.status === 0
}

function fail(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 1
}
