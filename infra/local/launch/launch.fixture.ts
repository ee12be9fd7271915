import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { waitUntil } from '../process/wait-until.ts'
import { launch } from './launch.ts'
import { readRunFile } from './run-file.ts'

const UI_DELAY_MS = 300

/** Launcher for its own tests: fake services, no migrations and no interface. */
process.exit(
  await launch({
    env: process.env,
    createProfile: ({ dataDir }) => ({
      services: SERVICES.map(name => ({
        name,
        command: [process.execPath, join(import.meta.dirname, 'service.fixture.ts'), name],
      })),
      migrate: async () => {},
      extraVariables: ['BREAKS', 'STUBBORN', 'PAID'],
      prepareUi: () => (process.env.LATE_UI ? prepareUiLate(dataDir) : Promise.resolve(undefined)),
      outputFor: name => ({ file: join(dataDir, 'logs', `${name}.log`) }),
    }),
  }),
)

/** Prepares an interface that is ready long after the database, and notes the processes that have started by then. */
async function prepareUiLate(dataDir: string): Promise<undefined> {
  const readNatsUrl = async () => (await readRunFile(dataDir))?.natsUrl
  await waitUntil(readNatsUrl, { what: 'The database', milliseconds: 60_000, signal: AbortSignal.timeout(60_000) })
  await Bun.sleep(UI_DELAY_MS)
  const started = Object.keys((await readRunFile(dataDir))?.processes ?? {}).sort()
  await appendFile(join(dataDir, 'notes'), `interface ready beside ${started.join(', ')}\n`)
}
