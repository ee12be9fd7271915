import { findStopSignals } from './launch/stop-signals.ts'
import { findNpxChain, isNpxChainIntact } from './process/ancestors.ts'
import { installPackages, isInstalled, MIN_BUN_VERSION } from './programs/packages.ts'

/**
 * Entry point of the commands that work in a fresh clone. It imports built-ins only, because without `node_modules` Bun fetches
 * any version of a package. It runs the frozen install if the packages are missing or old, and then the command.
 */

interface Command {
  load: () => Promise<{ main: (args: string[]) => Promise<number> }>
  /** Runs without packages and on any version of Bun, because it reports what is missing. */
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
  const npx = findNpxChain()
  const result = installPackages()
  if (result === 'failed')
    return failWithMessage('The packages could not be installed. Is there a network, and room on the disk?')
  if (!isNpxChainIntact(npx)) return failWithMessage('npx ended while the packages were installed.')
  return result === 'ready' ? await run() : await rerun([name, ...args])
}

/** Runs a command in a new process. One that started without `node_modules` keeps loading packages of other versions. */
async function rerun(args: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, import.meta.filename, ...args], {
    stdio: ['inherit', 'inherit', 'inherit'],
    // The studio stops when this process, the one that users see, is gone.
    env: { ...process.env, DARKROOM_PARENT_PID: String(process.pid) },
  })
  for (const signal of findStopSignals()) process.on(signal, () => child.kill(signal))
  return await child.exited
}

function failWithMessage(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 1
}
