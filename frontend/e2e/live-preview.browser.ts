import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { type FakeProvider, startFakeProvider } from '../../infra/testing/studio/fake-provider.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { waitForFrames, waitUntilSettled } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let disposables: AsyncDisposableStack
let seeded: SeededStudio
let fake: FakeProvider

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  fake = disposables.use(await startFakeProvider())
  seeded = disposables.use(await startSeededStudio(6, { env: fake.env }))
})
afterAll(() => disposables.disposeAsync())

test.each(['no-preference', 'reduce'] as const)(
  'previews come, are replaced and give way to the images, and nothing moves or is empty in between (motion: %s)',
  async reducedMotion => {
    await fake.setBehavior({ previewEveryMs: 100, readyOutputs: 0, lookAgainSeconds: 0.3 })
    const { page, pageErrors } = await seeded.open({ reducedMotion })
    const { id } = await seeded.studio.submit({
      prompt: `a picture that forms (${reducedMotion})`,
      model: 'fake-image',
      parameters: { numOutputs: 2 },
    })
    await page.locator(`article[data-generation-id="${id}"] .tile`).nth(1).waitFor()
    await waitUntilSettled(page)
    const stop = await observeTiles(page, id)
    const layers = page.locator(`article[data-generation-id="${id}"] .live-preview`)
    await layers.nth(0).locator('img').first().waitFor()
    await layers.nth(1).locator('img').first().waitFor()
    await page.waitForFunction(() => document.querySelectorAll('[data-shown-before]').length >= 4)
    expect(await layers.first().getAttribute('aria-hidden')).toBe('true')
    await fake.setBehavior({ readyOutputs: null })
    await seeded.studio.waitForGeneration(id, isFinished)
    await page.waitForFunction(
      row => document.querySelectorAll(`article[data-generation-id="${row}"] .picture > img`).length === 2,
      id,
    )
    await page.waitForFunction(() => document.querySelectorAll('.live-preview > img').length === 0)
    await waitForFrames(page, 5)
    const seen = await stop()
    expect(seen).toMatchObject({ boxes: 1, emptyFrames: 0, isSameNode: true })
    expect(seen.mostImages).toBeLessThanOrEqual(2)
    expect(pageErrors).toEqual([])
    await page.context().close()
  },
)

test('a preview of a generation that fails goes with it', async () => {
  await fake.setBehavior({ previewEveryMs: 100, readyOutputs: 0, lookAgainSeconds: 0.3 })
  const { page } = await seeded.open()
  const { id } = await seeded.studio.submit({ prompt: 'one that fails', model: 'fake-image' })
  const layer = page.locator(`article[data-generation-id="${id}"] .live-preview > img`)
  await layer.first().waitFor()
  await fake.setBehavior({ readyOutputs: null, failure: { code: 'internal', message: '' } })
  await seeded.studio.waitForGeneration(id, isFinished)
  await layer.first().waitFor({ state: 'detached' })
  await fake.setBehavior({ failure: null })
  await page.context().close()
})

/**
 * Observes the tiles of a row at every frame. @returns ends it: numbers of positions that the tiles had, of frames in which a tile had
 * neither a preview nor a decoded image after its first preview, and of images that one layer had at most
 */
async function observeTiles(page: Page, id: string) {
  const probe = await page.evaluateHandle(row => {
    const tiles = [...document.querySelectorAll<HTMLElement>(`article[data-generation-id="${row}"] .tile`)]
    const boxes = new Set<string>()
    const covered = new Set<HTMLElement>()
    const seen = { emptyFrames: 0, isSameNode: true, mostImages: 0 }
    const isCovered = (tile: HTMLElement) => {
      const image = tile.querySelector<HTMLImageElement>('.picture > img')
      return tile.querySelector('.live-preview > img') !== null || (image?.complete && image.naturalWidth > 0) === true
    }
    const sample = () => {
      boxes.add(JSON.stringify(tiles.map(tile => tile.getBoundingClientRect())))
      for (const tile of tiles) {
        seen.isSameNode &&= tile.isConnected
        const images = tile.querySelectorAll<HTMLElement>('.live-preview > img')
        seen.mostImages = Math.max(seen.mostImages, images.length)
        if (isCovered(tile)) covered.add(tile)
        else if (covered.has(tile)) seen.emptyFrames += 1
      }
      request = requestAnimationFrame(sample)
    }
    /** Marks the page for each preview that is shown, because those of the past are gone. */
    const mutations = new MutationObserver(records => {
      for (const { addedNodes } of records) {
        for (const node of addedNodes) {
          if (!(node instanceof HTMLImageElement && node.parentElement?.className === 'live-preview')) continue
          const mark = document.createElement('i')
          mark.dataset.shownBefore = ''
          document.head.append(mark)
        }
      }
    })
    for (const tile of tiles) mutations.observe(tile, { childList: true, subtree: true })
    let request = requestAnimationFrame(sample)
    const stop = () => {
      cancelAnimationFrame(request)
      mutations.disconnect()
      return { ...seen, boxes: boxes.size }
    }
    return { stop }
  }, id)
  return async () => await probe.evaluate(({ stop }) => stop())
}
