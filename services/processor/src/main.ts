import { runProcessor } from './processor.ts'
import { createBuiltInAdapters } from './providers/built-in-adapters.ts'

await runProcessor(createBuiltInAdapters)
