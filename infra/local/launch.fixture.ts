import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { launch } from './launch.ts'

/** The launcher with stand-ins for the services, no tables and no interface, for its tests. */
process.exit(
  await launch({
    env: process.env,
    blueprint: ({ dataDir }) => ({
      services: SERVICES.map(name => ({
        name,
        command: [process.execPath, join(import.meta.dirname, 'service.fixture.ts'), name],
      })),
      migrate: async () => {},
      ui: async () => undefined,
      output: name => ({ file: join(dataDir, 'logs', `${name}.log`) }),
    }),
  }),
)
