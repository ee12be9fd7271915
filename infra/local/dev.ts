import { join } from 'node:path'
import { selectBaseEnvironment } from '../src/base-environment.ts'
import { migrate } from '../src/database/migrations.ts'
import { launch } from './launch/launch.ts'
import type { UiOptions, UiServer } from './launch/launch-context.ts'
import type { Progress } from './launch/progress.ts'
import { createServiceCommands } from './launch/services.ts'
import { supervise } from './launch/supervisor.ts'
import { startChildProcess } from './process/child-process.ts'
import { findFreePort } from './process/free-ports.ts'
import { waitUntilReady } from './process/server-process.ts'
import { ROOT } from './root.ts'

const VITE = join(ROOT, 'frontend/node_modules/vite/bin/vite.js')
const READY_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 5_000
const STOP_TIMEOUT_MS = 2_000

/** Runs `bun dev`: the studio with automatic reload of its code, on data in the clone. @returns the exit code */
export function main(): Promise<number> {
  return launch({
    env: process.env,
    defaults: { NODE_ENV: 'development', DATA_DIR: join(ROOT, '.darkroom') },
    createProfile: ({ config, progress }) => ({
      services: createServiceCommands(ROOT, { watch: true, withFakeProvider: config.FAKE_PROVIDER_URL !== undefined }),
      migrate,
      prepareUi: options => startVite({ ...options, progress }),
      outputFor: name => ({ onLine: text => progress.line(`${name.padEnd(9)} | ${text}`) }),
    }),
  })
}

/** Starts Vite on a port of its own, where the browser also opens the socket for updates. */
async function startVite(options: UiOptions & { progress: Progress }): Promise<UiServer> {
  const { progress, signal, onMessage } = options
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const start = async (signal: AbortSignal) => {
    const child = startChildProcess({
      command: [process.execPath, '--no-env-file', VITE, '--host', '127.0.0.1', '--port', String(port), '--strictPort'],
      cwd: join(ROOT, 'frontend'),
      env: selectBaseEnvironment(options.env),
      output: { onLine: text => progress.line(`${'vite'.padEnd(9)} | ${text}`) },
      stopSignal: 'SIGTERM',
    })
    await waitUntilReady(child, { name: 'Vite', poll: () => ping(url), milliseconds: READY_TIMEOUT_MS, signal })
    return { child, stop: () => child.stop(STOP_TIMEOUT_MS) }
  }
  return { url, ...(await supervise({ name: 'Vite', start, onMessage, signal, isFirstStartRequired: false })) }
}

async function ping(url: string): Promise<true | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch(() => undefined)
  return response?.ok || undefined
}
