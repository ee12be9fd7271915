import { join } from 'node:path'
import { migrate } from '../src/database/migrations.ts'
import { launch } from './launch/launch.ts'
import type { UiOptions, UiServer } from './launch/launch-context.ts'
import type { Progress } from './launch/progress.ts'
import { serviceCommands } from './launch/services.ts'
import { supervise } from './launch/supervisor.ts'
import { startChild } from './process/child-process.ts'
import { freePort } from './process/free-ports.ts'
import { ready } from './process/server-process.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const VITE = join(ROOT, 'frontend/node_modules/vite/bin/vite.js')
const READY_MS = 60_000
const ASK_MS = 5_000
const STOP_MS = 2_000

/** `bun dev`: the studio with every change of the code in it at once, on data in the clone. @returns the exit code */
export function main(): Promise<number> {
  return launch({
    env: process.env,
    defaults: { NODE_ENV: 'development', DATA_DIR: join(ROOT, '.darkroom') },
    blueprint: ({ config, progress }) => ({
      services: serviceCommands(ROOT, { watch: true, withFake: config.FAKE_PROVIDER_URL !== undefined }),
      migrate,
      ui: options => startVite({ ...options, progress }),
      output: name => ({ line: text => progress.line(`${name.padEnd(9)} | ${text}`) }),
    }),
  })
}

/** Vite on a port of its own, where the browser also finds its socket for updates. */
async function startVite(options: UiOptions & { progress: Progress }): Promise<UiServer> {
  const { progress, signal, say, giveUp } = options
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const start = async (signal: AbortSignal) => {
    const child = startChild({
      command: [process.execPath, VITE, '--host', '127.0.0.1', '--port', String(port), '--strictPort'],
      cwd: join(ROOT, 'frontend'),
      env: options.env,
      output: { line: text => progress.line(`${'vite'.padEnd(9)} | ${text}`) },
      stopSignal: 'SIGTERM',
    })
    await ready(child, { name: 'Vite', ask: () => answers(url), milliseconds: READY_MS, signal })
    return { child, stop: () => child.stop(STOP_MS) }
  }
  return { url, ...(await supervise({ name: 'Vite', start, say, giveUp, signal })) }
}

async function answers(url: string): Promise<true | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) }).catch(() => undefined)
  return answer?.ok || undefined
}
