import sharp from 'sharp'
import { OPERATIONS } from './operations.ts'
import { serveOperations } from './serve-operations.ts'

/** A decoder process: `createImageDecoder` starts it. One thread an image, so that several processes share the cores evenly. */

sharp.concurrency(1)
sharp.cache(false)
await serveOperations(OPERATIONS)
