import sharp from 'sharp'
import { openTestUpscaler } from './test-upscaler.fixture.ts'

/** A process whose upscaler is at work; it writes the pid and waits to be killed, or for the end of its input. */

const upscaler = openTestUpscaler()
const image = sharp({ create: { width: 1_024, height: 1_024, channels: 3, background: '#808080' } })
const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
const task = { bytes: await image.jpeg().toBuffer(), scale: 4, onProgress: () => begin() } as const
void upscaler.upscale(task, new AbortController().signal)
await begun
process.stdout.write(JSON.stringify(upscaler.listPids()))
for await (const _ of Bun.stdin.stream());
await upscaler.close()
