import { runProcessor } from './processor.ts'
import { createConfiguredProviders } from './providers/configured-providers.ts'

await runProcessor(createConfiguredProviders)
