import '../styles/mask.css'
import type { PixelSize } from '@darkroom/contracts/size'
import { createSignal, Match, Show, Switch } from 'solid-js'
import { createModalDialog } from '../lightbox/modal-dialog.ts'
import { Icon } from '../ui/icons.tsx'
import { LeaveDialog } from './leave-dialog.tsx'
import type { MaskEditorProps } from './mask-target.ts'
import { MaskWorkspace } from './mask-workspace.tsx'

/** The editor in which a part of an image is marked that a model then changes. It lies over everything. */
export default function MaskEditor(props: MaskEditorProps) {
  const mountDialog = createModalDialog(() => null)
  const [size, setSize] = createSignal<PixelSize>()
  const [isUnreadable, setUnreadable] = createSignal(false)
  // An editor is of one output.
  void readSize(props.target.output.url).then(setSize, () => setUnreadable(true))
  const [isLeaving, setLeaving] = createSignal(false)
  let hasChanges = () => false
  const leave = () => (hasChanges() ? setLeaving(true) : props.onClose())
  const name = () => `picture ${props.target.output.index + 1} of “${shorten(props.target.generation.prompt)}”`
  return (
    <dialog
      ref={mountDialog}
      class="mask-editor"
      tabIndex={-1}
      aria-label={`Change a part of ${name()}`}
      onCancel={event => {
        event.preventDefault()
        event.stopPropagation()
        leave()
      }}
      onKeyDown={event => event.stopPropagation()}
    >
      <Switch fallback={<Message text="Reading the picture…" onClose={props.onClose} />}>
        <Match when={isUnreadable()}>
          <Message text="This picture cannot be read right now." onClose={props.onClose} />
        </Match>
        <Match when={size()}>
          {image => (
            <MaskWorkspace
              {...props}
              image={image()}
              name={name()}
              onLeave={leave}
              onMount={changes => {
                hasChanges = changes
              }}
            />
          )}
        </Match>
      </Switch>
      <Show when={isLeaving()}>
        <LeaveDialog onStay={() => setLeaving(false)} onLeave={props.onClose} />
      </Show>
    </dialog>
  )
}

function Message(props: { text: string; onClose: () => void }) {
  return (
    <div class="mask-message" role="status">
      <p>{props.text}</p>
      <button type="button" class="quiet" onClick={() => props.onClose()}>
        <Icon name="close" />
        <span>Close</span>
      </button>
    </div>
  )
}

/** Reads the pixels of an image: the mask has exactly as many. */
async function readSize(url: string): Promise<PixelSize> {
  const image = new Image()
  image.src = url
  await image.decode()
  return { width: image.naturalWidth, height: image.naturalHeight }
}

const MAX_NAME = 60

function shorten(text: string): string {
  return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME).toWellFormed()}…` : text
}
