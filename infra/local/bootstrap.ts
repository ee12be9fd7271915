import { install, isInstalled, OLDEST_BUN } from './programs/packages.ts'

/**
 * The one file that runs before anything is installed: it imports built-ins only, because Bun would fetch whatever version it
 * likes of anything else. It has the frozen install done where that is due, and then runs the command.
 */

interface Command {
  load: () => Promise<{ main: (args: string[]) => Promise<number> }>
  /** Does without packages, on whatever Bun there is: it says what is missing. */
  bare?: boolean
}

const COMMANDS: Record<string, Command> = {
  start: { load: () => import('./start.ts') },
  dev: { load: () => import('./dev.ts') },
  test: { load: () => import('./test.ts') },
  doctor: { load: () => import('./doctor.ts'), bare: true },
}

process.exit(await bootstrap(process.argv.slice(2)))

async function bootstrap([name = '', ...args]: string[]): Promise<number> {
  const command = COMMANDS[name]
  if (!command) return fail(`Commands: ${Object.keys(COMMANDS).join(', ')}.`)
  const run = async () => await (await command.load()).main(args)
  if (command.bare) return await run()
  if (!Bun.semver.satisfies(Bun.version, `>=${OLDEST_BUN}`)) {
    return fail(`This needs Bun ${OLDEST_BUN} or newer; this is ${Bun.version}. Try \`npx -y bun@1.4 run ${name}\`.`)
  }
  if (isInstalled()) return await run()
  const installed = install()
  if (installed === 'failed')
    return fail('The packages could not be installed. Is there a network, and room on the disk?')
  return installed === 'ready' ? await run() : await runAgain([name, ...args])
}

/** In a new process: one that began without node_modules goes on to take packages from elsewhere, in other versions. */
async function runAgain(args: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, import.meta.filename, ...args], {
    stdio: ['inherit', 'inherit', 'inherit'],
    // A studio does not outlive the process that people see.
    env: { ...process.env, DARKROOM_PARENT_PID: String(process.pid) },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return await child.exited
}

function fail(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 1
}
