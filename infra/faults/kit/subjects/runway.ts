import { startFakeRunway } from '../../../testing/fake-runway/fake-server.ts'
import type { KitSubject } from '../kit-subject.ts'

/** Returns Runway, whose tasks are polled every five seconds. */
export function createRunway(): KitSubject {
  return {
    name: 'runway',
    connection: 'runway',
    settings: {},
    isPolled: true,
    isFree: false,
    paths: { poll: '/v1/tasks/', cancel: '/v1/tasks/', cancelMethod: 'DELETE' },
    referenceMark: '"referenceImages"',
    startFake: startFakeRunway,
    createEnv: ({ url, key }) => ({ RUNWAYML_API_SECRET: key, RUNWAY_BASE_URL: url }),
  }
}
