import '../styles/lightbox-bars.css'
import '../styles/lightbox-stage.css'
import '../styles/lightbox-details.css'
import '../styles/lightbox-phone.css'
import { createMemo, Show } from 'solid-js'
import { isInTrash } from '../library/match-query.ts'
import { NoticeBar } from '../ui/notice-bar.tsx'
import type { BarProps } from './bars/bar-props.ts'
import { LightboxBar } from './bars/lightbox-bar.tsx'
import { LightboxFoot } from './bars/lightbox-foot.tsx'
import { PhoneActions, PhoneTopBar } from './bars/phone-bars.tsx'
import { DetailsPanel } from './details/details-panel.tsx'
import type { MediaItem } from './gallery.ts'
import { createLightboxTools, type LightboxTools, type LightboxToolsProps } from './lightbox-tools.ts'
import { createPhoneLayout } from './phone-layout.ts'
import { StageView } from './stage/stage-view.tsx'

/** The tools of the lightbox, in its dialog. They are loaded with their styles when they are first needed. */
export default function Lightbox(props: LightboxToolsProps) {
  const tools = createLightboxTools(props)
  return (
    <>
      <Show when={tools.position.media()} fallback={<Gone onClose={tools.actions.close} />}>
        {shown => <ShownMedia {...props} tools={tools} media={shown()} />}
      </Show>
      <NoticeBar notices={props.notices} />
      <p class="unseen" role="status">
        {tools.announcement()}
      </p>
    </>
  )
}

function ShownMedia(props: LightboxToolsProps & { tools: LightboxTools; media: MediaItem }) {
  const { tools } = props
  const isPhone = createPhoneLayout()
  const isTrashed = () => isInTrash(props.media.generation)
  const verbs = createMemo(() =>
    isTrashed() ? [] : (props.listOutputVerbs?.(props.media.generation, props.media.output) ?? []),
  )
  const bar = (): BarProps => ({
    media: props.media,
    count: formatCount(props.media, tools.comparison.pair()),
    verbs: verbs(),
    isTrashed: isTrashed(),
    backdrop: props.backdrop,
    isComparing: tools.comparison.pair() !== null,
    canCompare: props.media.output.kind === 'image' && tools.comparison.canStart(),
    isDetailsOpen: tools.isDetailsOpen(),
    actions: tools.actions,
  })

  /** Closes the lightbox first: the composer is to have the focus. */
  function closeAndRun(run: () => void) {
    tools.actions.close()
    run()
  }

  const reuse = () => {
    const { onReuse } = props
    // The composer is not in use over the trash.
    return isTrashed()
      ? undefined
      : onReuse && ((generation: MediaItem['generation']) => closeAndRun(() => onReuse(generation)))
  }
  return (
    <>
      <Show when={isPhone()} fallback={<LightboxBar {...bar()} />}>
        <PhoneTopBar {...bar()} />
      </Show>
      <div class="lightbox-body" data-details={tools.isDetailsOpen()}>
        <div class="lightbox-main">
          <StageView
            media={props.media}
            tools={tools}
            modelsById={props.modelsById}
            isPhone={isPhone()}
            onReuse={reuse()}
          />
          <LightboxFoot
            media={props.media}
            tools={tools}
            isPhone={isPhone()}
            backdrop={props.backdrop}
            onBackdropChange={props.onBackdropChange}
          />
        </div>
        <Show when={tools.isDetailsOpen()}>
          <DetailsPanel
            media={props.media}
            model={props.modelsById.get(props.media.generation.model)}
            lineage={tools.lineage()}
            change={tools.change()}
            onReuse={reuse()}
            onCopyPrompt={generation => void props.onCopyPrompt(generation)}
            onOpen={tools.openStep}
            onNotify={message => props.notices.notify(message)}
            onClose={tools.actions.toggleDetails}
          />
        </Show>
      </div>
      <Show when={isPhone()}>
        <PhoneActions {...bar()} />
      </Show>
    </>
  )
}

function Gone(props: { onClose: () => void }) {
  return (
    <div class="lightbox-gone">
      <p>This picture is no longer here.</p>
      <button type="button" class="on-backdrop" onClick={() => props.onClose()}>
        Close
      </button>
    </div>
  )
}

/** Formats the number of the output that is shown, or of both that are compared: `1 of 4`, `1 and 2 of 4`. */
function formatCount({ index, generation }: MediaItem, pair: { a: MediaItem; b: MediaItem } | null): string {
  const total = generation.outputs.length
  const isWithin = pair?.a.generation.id === generation.id && pair.b.generation.id === generation.id
  if (pair && isWithin) return `${pair.a.index + 1} and ${pair.b.index + 1} of ${total}`
  return pair ? 'A and B' : `${index + 1} of ${total}`
}
