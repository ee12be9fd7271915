import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import type { Api } from './api.ts'
import { copyText } from './clipboard.ts'
import type { Clock } from './clock.ts'
import { createComposing } from './composing.ts'
import type { PictureRef } from './gallery.ts'
import type { Generations } from './generations.ts'
import type { Library } from './library.ts'
import { type Connection, type EventStream, listen } from './live.ts'
import { readiness, readyCount } from './words.ts'

export interface StudioOptions {
  api: Api
  library: Library
  clock: Clock
  /** Opens the stream of events. */
  openEvents: () => EventStream
}

export type Studio = ReturnType<typeof createStudio>

const TRY_AGAIN_MS = 4_000
const NOTICE_MS = 4_000
const FIRST_PAGE_MS = 700

/** The page's state and everything that can be done on it. */
export function createStudio({ api, library, clock, openEvents }: StudioOptions) {
  const [models, setModels] = createSignal<readonly Model[]>([])
  const [known, setKnown] = createSignal(library.now())
  const [reading, setReading] = createSignal(library.reading())
  const [connection, setConnection] = createSignal<Connection>('connecting')
  const [notice, setNotice] = createSignal('')
  const [announcement, setAnnouncement] = createSignal('')
  const [picture, setPicture] = createSignal<PictureRef | null>(null)
  const composing = createComposing({ library, models, clock })
  const modelOf = createMemo(() => new Map(models().map(model => [model.id, model])))
  let promptField: HTMLTextAreaElement | undefined
  let noticeTimer: number | undefined
  let hasBegun = false
  let hasGap = false

  function onChange(now: Generations, before: Generations) {
    setKnown(now)
    setReading(library.reading())
    const ready = announce(now, before)
    if (ready !== undefined) setAnnouncement(ready)
  }

  /** A short word about something the person has just done. */
  function notify(words: string) {
    clearTimeout(noticeTimer)
    setNotice(words)
    noticeTimer = window.setTimeout(() => setNotice(''), NOTICE_MS)
  }

  async function readModels() {
    try {
      setModels(await api.models())
    } catch {
      setTimeout(readModels, TRY_AGAIN_MS)
    }
  }

  async function readAgain() {
    hasGap = true
    try {
      await library.readAgain()
      hasGap = false
    } catch {
      setTimeout(() => hasGap && void readAgain(), TRY_AGAIN_MS)
    }
  }

  /** The first page is read once the stream is open, so that nothing can happen between the two; or soon, without it. */
  function begin() {
    if (hasBegun) return
    hasBegun = true
    void library.open()
  }

  function onConnection(state: Connection) {
    const isLate = state === 'live' && connection() === 'connecting' && hasBegun
    setConnection(state)
    if (state !== 'connecting') begin()
    if (isLate) void readAgain()
    if (state === 'live') void library.sendWaiting()
  }

  async function copyPrompt({ prompt }: Generation) {
    notify(
      (await copyText(prompt)) ? 'Prompt copied.' : 'The prompt could not be copied: this browser does not allow it.',
    )
  }

  function reuse(generation: Generation) {
    composing.reuse(generation)
    focusPrompt()
  }

  function useAsReference(shown: { url: string; previewUrl: string | null }) {
    composing.attachments.addShown({ url: shown.url, previewUrl: shown.previewUrl ?? shown.url })
    notify('Added as a reference.')
  }

  /** Puts a refused generation back into the composer. */
  function edit(key: string, generation: Generation) {
    library.takeBack(key)
    reuse(generation)
  }

  function focusPrompt() {
    promptField?.focus({ preventScroll: true })
    promptField?.setSelectionRange(promptField.value.length, promptField.value.length)
  }

  onMount(() => {
    const leave = library.subscribe(onChange)
    const hangUp = listen({ open: openEvents, onGeneration: library.receive, onGap: readAgain, onConnection })
    const timer = setTimeout(begin, FIRST_PAGE_MS)
    void readModels()
    onCleanup(() => {
      clearTimeout(timer)
      leave()
      hangUp()
    })
  })

  return {
    ...{ library, clock, composing, models, modelOf, known, reading, connection, notice, announcement },
    ...{ picture, showPicture: setPicture, notify, copyPrompt, reuse, useAsReference, edit, focusPrompt },
    openFirst: () => void library.open(),
    mountPrompt: (field: HTMLTextAreaElement) => {
      promptField = field
    },
  }
}

/** `2 of 4 ready`, when a change made another picture ready that was not before. */
function announce(now: Generations, before: Generations): string | undefined {
  const grown = now.rows.findLast(row => {
    const old = before.byKey.get(row.key)
    return old && old !== row && readyCount(row.generation) > readyCount(old.generation)
  })
  return grown && readiness(grown.generation)
}
