import { join } from 'node:path'
import { migrate } from '../src/database/migrations.ts'
import { launch } from './launch/launch.ts'
import { createServiceCommands } from './launch/services.ts'
import { buildUi } from './launch/ui-build.ts'
import { ROOT } from './root.ts'

/** Runs `bun start`: the whole studio in one terminal. @returns the exit code */
export function main(): Promise<number> {
  return launch({
    env: process.env,
    createProfile: ({ config, dataDir }) => ({
      services: createServiceCommands(ROOT, { watch: false, withFakeProvider: config.FAKE_PROVIDER_URL !== undefined }),
      migrate,
      prepareUi: async options => {
        await buildUi({ ...options, root: ROOT })
        return undefined
      },
      outputFor: name => ({ file: join(dataDir, 'logs', `${name}.log`) }),
    }),
  })
}
