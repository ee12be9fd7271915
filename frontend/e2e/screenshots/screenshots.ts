import { mkdir } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { findChromium } from '../../../infra/local/programs/chromium.ts'
import { openStudioHistory } from '../../../infra/testing/data/history.ts'
import { startFakeProvider } from '../../../infra/testing/studio/fake-provider.ts'
import { startTestStudio } from '../../../infra/testing/studio/test-studio.ts'
import { startBrowser } from '../browser.ts'
import { type CaptureOptions, captureViews } from './capture.ts'
import { openGallery } from './gallery/gallery.ts'
import { listComposerViews } from './views/composer.ts'
import { DIALOG_VIEWS } from './views/dialogs.ts'
import { EMPTY_VIEWS, FIRST_VIEWS, LARGE_VIEWS, listFeedViews, ROW_STATE_VIEWS, RUNNING_VIEWS } from './views/feed.ts'
import { listLibraryViews } from './views/library.ts'
import { listLightboxViews } from './views/lightbox.ts'
import { listMaskViews } from './views/mask.ts'
import { PAGE_VIEWS } from './views/pages.ts'
import { PROBLEM_VIEWS } from './views/problems.ts'

const LARGE_COUNT = 10_000
const SEARCH_TIMEOUT_MS = 600_000

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '.darkroom/screenshots' },
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
  },
})
await mkdir(values.out, { recursive: true })
const onMessage = (line: string) => void process.stdout.write(`${line}\n`)
process.env.CHROMIUM_PATH ??= await findChromium({ signal: AbortSignal.timeout(SEARCH_TIMEOUT_MS), onMessage })
await using browser = await startBrowser()
const options = { browser, folder: values.out, only: new RegExp(values.only), scale: Number(values.scale) }
const failures = [...(await captureUse(options)), ...(await captureLarge(options))]
if (failures.length > 0) process.stderr.write(`\nNot reached:\n\n${failures.join('\n\n')}\n`)
process.exitCode = failures.length > 0 ? 1 : 0

/** Draws a studio from its first start on: empty, with one generation, and after months of use. */
async function captureUse(capture: CaptureOptions): Promise<string[]> {
  await using fake = await startFakeProvider()
  await using studio = await startTestStudio(fake.env)
  await using gallery = await openGallery(studio)
  const empty = await captureViews(studio.url, EMPTY_VIEWS, capture)
  await gallery.makeFirst()
  const first = await captureViews(studio.url, FIRST_VIEWS, capture)
  await gallery.makeOthers()
  const views = [
    ...listFeedViews(gallery),
    ...ROW_STATE_VIEWS,
    ...listLibraryViews(gallery),
    ...listLightboxViews(gallery),
    ...listMaskViews(gallery),
    ...listComposerViews(gallery),
    ...DIALOG_VIEWS,
    ...PROBLEM_VIEWS,
    ...PAGE_VIEWS,
  ]
  const used = await captureViews(studio.url, views, capture)
  await gallery.startRunning()
  return [...empty, ...first, ...used, ...(await captureViews(studio.url, RUNNING_VIEWS, capture))]
}

async function captureLarge(capture: CaptureOptions): Promise<string[]> {
  await using studio = await startTestStudio()
  await using history = await openStudioHistory(studio)
  await history.insertFinished(LARGE_COUNT)
  return await captureViews(studio.url, LARGE_VIEWS, capture)
}
