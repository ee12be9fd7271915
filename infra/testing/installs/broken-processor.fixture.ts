import { join } from 'node:path'
import { launch } from '../../local/launch/launch.ts'
import { createServiceCommands, type ServiceCommand } from '../../local/launch/services.ts'
import { buildUi } from '../../local/launch/ui-build.ts'
import { ROOT } from '../../local/root.ts'
import { migrate } from '../../src/database/migrations.ts'

/** Runs `bun start` with a processor that exits at once while there is no file `repaired` in the data directory. */

const BREAK_SCRIPT =
  '[ -e "$DATA_DIR/repaired" ] || { echo "the library of a provider is missing"; exit 1; }; exec "$@"'

const breakProcessor = (service: ServiceCommand): ServiceCommand =>
  service.name === 'processor'
    ? { ...service, command: ['/bin/sh', '-c', BREAK_SCRIPT, 'sh', ...service.command] }
    : service

process.exit(
  await launch({
    env: process.env,
    createProfile: ({ dataDir }) => ({
      services: createServiceCommands(ROOT, { watch: false, withFakeProvider: false }).map(breakProcessor),
      migrate,
      prepareUi: async options => {
        await buildUi({ ...options, root: ROOT })
        return undefined
      },
      outputFor: name => ({ file: join(dataDir, 'logs', `${name}.log`) }),
    }),
  }),
)
