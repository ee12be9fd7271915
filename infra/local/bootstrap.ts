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
  const lock = lockHash()
  if (isInstalled(lock)) return await (await load()).main(args)
  if (!install(lock)) return fail('The packages could not be installed. Is there a network, and room on the disk?')
  return await runAgain([name, ...args])
}

function lockHash(): string {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'bun.lock')))
    .digest('hex')
}

function isInstalled(lock: string): boolean {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock
}

function install(lock: string): boolean {
  process.stdout.write('Installing packages …\n')
  const done = spawnSync(process.execPath, ['install', '--frozen-lockfile'], { cwd: ROOT, encoding: 'utf8' })
  if (done.status !== 0) process.stderr.write(`${done.stdout}${done.stderr}`)
  if (done.status === 0) writeFileSync(STAMP, lock)
  return done.status === 0
}

/** In a new process: one that began without node_modules goes on to take packages from elsewhere, in other versions. */
async function runAgain(args: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, import.meta.filename, ...args], {
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return await child.exited
}

function fail(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 1
}
