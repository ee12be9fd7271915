import { join } from 'node:path'
import { openTestDecoder } from '../../../testing/test-decoder.ts'
import { waitFor } from '../../../testing/wait-for.ts'
import { REFERENCE_LIMITS } from '../check-image.ts'
import { makeHostileImage } from './hostile-image.fixture.ts'

/** A process with a decoder whose processes are at work; it writes their pids and waits to be killed, or for the end of its input. */

const { signal } = new AbortController()
const script = join(import.meta.dirname, 'hostile-decoder.fixture.ts')
const images = openTestDecoder({ script, slots: 3, deadlineMs: 600_000 })
const validate = async (behavior: 'spin' | 'wait' | 'spin-beside') =>
  await images.validate(await makeHostileImage(behavior), REFERENCE_LIMITS, { signal })

void validate('wait')
void validate('spin-beside')
void validate('spin')
await waitFor('all decoders to run', 60_000, async () => images.listPids().length === 3)
process.stdout.write(JSON.stringify(images.listPids()))
for await (const _ of Bun.stdin.stream());
await images[Symbol.asyncDispose]()
