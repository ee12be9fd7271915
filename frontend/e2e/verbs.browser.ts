import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import type { Locator, Page } from 'playwright-core'
import { type FakeProvider, startFakeProvider } from '../../infra/testing/studio/fake-provider.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { waitFor } from '../../infra/testing/wait-for.ts'
import { createAxe } from './axe.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let disposables: AsyncDisposableStack
let seeded: SeededStudio
let fake: FakeProvider

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  fake = disposables.use(await startFakeProvider())
  seeded = disposables.use(await startSeededStudio(4, { env: fake.env }))
})
afterAll(() => disposables.disposeAsync())

test('each verb makes a child of the picture, with the model and the inputs that it needs', async () => {
  const parent = await makeParent('a lighthouse on a cliff')
  const { page, pageErrors } = await seeded.open()

  const dialog = await openLightbox(page, parent)
  await dialog.getByRole('button', { name: 'Upscale' }).click()
  await expectChild(parent, 'upscale', { operation: 'upscale', role: 'source', outputs: 1 })
  await chooseFromMenu(page, 'Vary', /about \$0\.04/)
  await expectChild(parent, 'vary', { operation: 'vary', role: 'source', outputs: 4 })
  await chooseFromMenu(page, 'Remove background', /about \$0\.01/)
  await expectChild(parent, 'remove-background', { operation: 'remove-background', role: 'source', outputs: 1 })

  await chooseFromMenu(page, 'Edit in words', /about \$0\.01/)
  await dialog.waitFor({ state: 'detached' })
  await sendFromComposer(page, 'the same at dusk')
  await expectChild(parent, 'edit', { operation: 'edit', role: 'source', outputs: 1, prompt: 'the same at dusk' })
  await openLightbox(page, parent)
  await chooseFromMenu(page, 'Animate', /Fake video/)
  await sendFromComposer(page, 'waves roll in')
  const film = await expectChild(parent, 'animate', { operation: 'animate', role: 'first-frame', outputs: 1 })
  expect(film.kind).toBe('video')
  const prompt = page.getByRole('textbox', { name: 'Prompt' })
  await prompt.fill('half written')
  await openLightbox(page, parent)
  await chooseFromMenu(page, 'Edit in words', /about \$0\.01/)
  await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('.prompt-field')?.value === '')
  await page.getByRole('button', { name: 'Undo' }).click()
  expect(await prompt.inputValue()).toBe('half written')
  expect(await page.locator('.attachment').count()).toBe(0)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('a picture shows what it was made from and what was made of it, and from there the same verbs work', async () => {
  const parent = await makeParent('a quay in the rain')
  const child = await makeChild(parent, 'upscale')
  const grandchild = await makeChild(child, 'vary')
  const { page, pageErrors } = await seeded.open()
  const dialog = await openLightbox(page, grandchild)
  await page.keyboard.press('i')
  const steps = dialog.locator('.lineage-step')
  await steps.nth(2).waitFor()
  expect(await steps.allInnerTexts()).toEqual([
    expect.stringContaining('earlier'),
    expect.stringMatching(/parent\s+upscaled/),
    expect.stringContaining('this one'),
  ])
  await expectAccessible(page)
  await steps.nth(0).getByRole('button').click()
  await steps.getByText('made from it').waitFor()
  await dialog.getByRole('button', { name: 'Upscale' }).click()
  await waitFor('A second child', 60_000, async () => {
    const children = await listChildren(parent.id)
    return children.length === 2
  })
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('the feed says what a row was made from, is honest when that is deleted, and leads there and back', async () => {
  const parent = await makeParent('a market hall')
  const { page, pageErrors } = await seeded.open()
  const tile = page.locator(`article[data-generation-id="${parent.id}"]`)
  await tile.getByRole('button', { name: /^More actions for/ }).click()
  await page.getByRole('menuitem', { name: 'Upscale' }).click()
  const row = page
    .getByRole('article')
    .filter({ has: page.locator('a.row-parent') })
    .last()
  await row.getByText('from a market hall').waitFor()
  await row.getByText('upscaled').waitFor()
  await row.locator('.row-parent img').waitFor()
  const child = await waitFor('The child', 60_000, async () => (await listChildren(parent.id))[0])
  const childRow = page.locator(`article[data-generation-id="${child.id}"]`)

  for (let count = 0; count < 12; count += 1) await makeParent(`a stall, number ${count}`)
  await page.evaluate(hash => {
    location.hash = hash
  }, `#g=${child.id}`)
  await childRow.locator('a.row-parent').click()
  await page.waitForFunction(hash => location.hash === hash, `#g=${parent.id}`)
  await tile.waitFor()
  await page.goBack()
  await childRow.waitFor()

  await seeded.studio.fetch(`/api/generate/${parent.id}`, { method: 'DELETE' })
  await childRow.locator('.row-parent').getByText('in the trash').waitFor()
  expect(await childRow.locator('.row-parent img').count()).toBe(0)
  await seeded.studio.fetch(`/api/generate/${parent.id}/restore`, { method: 'POST' })
  await childRow.getByText('from a market hall').waitFor()
  await childRow.getByRole('button', { name: /^Again/ }).click()
  await waitFor('A second child', 60_000, async () => (await listChildren(parent.id)).length === 2)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

interface ExpectedChild {
  operation: string
  role: string
  outputs: number
  prompt?: string
}

/** Waits for a child, and compares what arrived at the provider for it. */
async function expectChild(parent: Generation, verb: string, expected: ExpectedChild): Promise<Generation> {
  const child = await waitFor(`The child by ${verb}`, 60_000, async () => {
    const children = await listChildren(parent.id)
    return children.find(generation => generation.parent?.verb === verb)
  })
  const { submits } = await fake.waitForRequests(log =>
    log.submits.some(({ operation }) => operation === expected.operation),
  )
  const submit = submits.findLast(({ operation }) => operation === expected.operation)
  expect(submit?.references.map(({ role }) => role)).toEqual([expected.role])
  expect([submit?.prompt, submit?.indices.length]).toEqual([expected.prompt ?? child.prompt, expected.outputs])
  expect(child.prompt).toBe(submit?.prompt ?? '')
  expect(child.parent).toEqual({ generationId: parent.id, outputIndex: 0, verb })
  return await seeded.studio.waitForGeneration(child.id, isFinished)
}

async function listChildren(id: string): Promise<Generation[]> {
  const response = await seeded.studio.fetch(`/api/generations?parent=${id}`)
  return ((await response.json()) as { generations: Generation[] }).generations
}

async function makeParent(prompt: string): Promise<Generation> {
  const parameters = { numOutputs: 1, resolution: 512 }
  const { id } = await seeded.studio.submit({ prompt, model: 'fake-studio', parameters })
  return await seeded.studio.waitForGeneration(id, isFinished)
}

async function makeChild({ id, prompt, outputs }: Generation, verb: string): Promise<Generation> {
  const bytes = await (await seeded.studio.fetch(outputs[0]?.url ?? '')).bytes()
  const child = await seeded.studio.submit({
    ...{ prompt, model: 'fake-studio', parameters: { numOutputs: 1, resolution: 512 } },
    referenceImages: [`data:image/png;base64,${Buffer.from(bytes).toString('base64')}`],
    referenceRoles: ['source'],
    parent: { generationId: id, outputIndex: 0, verb },
  })
  return await seeded.studio.waitForGeneration(child.id, isFinished)
}

async function openLightbox(page: Page, { id }: Generation): Promise<Locator> {
  // Rows that were made since may have moved it out of the window.
  await page.evaluate(hash => {
    location.hash = hash
  }, `#g=${id}`)
  await page.locator(`article[data-generation-id="${id}"] [data-output-index="0"]`).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'More' }).waitFor()
  return dialog
}

async function chooseFromMenu(page: Page, name: string, hint: RegExp): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: 'More' }).click()
  const entry = page.getByRole('menuitem', { name })
  expect(await entry.textContent()).toMatch(hint)
  await entry.click()
}

/** Writes the prompt of a draft that was begun by a verb, which has the focus, and sends it. */
async function sendFromComposer(page: Page, prompt: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Prompt', exact: true })
  await page.waitForFunction(() => document.activeElement instanceof HTMLTextAreaElement)
  expect(await field.inputValue()).toBe('')
  await field.fill(prompt)
  await field.press('Enter')
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}
