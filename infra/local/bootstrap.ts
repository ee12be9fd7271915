import { installPackages, isInstalled, MIN_BUN_VERSION } from './programs/packages.ts'

/**
 * The one file that runs before anything is installed: it imports built-ins only, because Bun would fetch whatever version it
 * likes of anything else. It has the frozen install done where that is due, and then runs the command.
 */

interface Command {
  load: () => Promise<{ main: (args: string[]) => Promise<number> }>
  /** Does without packages, on whatever Bun there is: it says what is missing. */
  worksWithoutPackages?: boolean
}

const COMMANDS: Record<string, Command> = {
  start: { load: () => import('./start.ts') },
  dev: { load: () => import('./dev.ts') },
  test: { load: () => import('./test.ts') },
  doctor: { load: () => import('./doctor.ts'), worksWithoutPackages: true },
}

process.exit(await bootstrap(process.argv.slice(2)))

async function bootstrap([name = '', ...args]: string[]): Promise<number> {
  const command = COMMANDS[name]
  if (!command) return failWithMessage(`Commands: ${Object.keys(COMMANDS).join(', ')}.`)
  const run = async () => await (await command.load()).main(args)
  if (command.worksWithoutPackages) return await run()
  if (!Bun.semver.satisfies(Bun.version, `>=${MIN_BUN_VERSION}`)) {
    return failWithMessage(
      `This needs Bun ${MIN_BUN_VERSION} or newer; this is ${Bun.version}. Try \`npx -y bun@1.4 run ${name}\`.`,
    )
  }
  if (isInstalled()) return await run()
  const result = installPackages()
  if (result === 'failed')
    return failWithMessage('The packages could not be installed. Is there a network, and room on the disk?')
  return result === 'ready' ? await run() : await rerun([name, ...args])
}

/** In a new process: one that began without node_modules goes on to take packages from elsewhere, in other versions. */
async function rerun(args: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, import.meta.filename, ...args], {
    stdio: ['inherit', 'inherit', 'inherit'],
    // A studio does not outlive the process that people see.
    env: { ...process.env, DARKROOM_PARENT_PID: String(process.pid) },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return await child.exited
}

function failWithMessage(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 1
}
