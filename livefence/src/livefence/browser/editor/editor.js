// The editor of a fence: CodeMirror, in a shadow root, in the colours of the page.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define(
  [
    ["keyword", [tags.keyword, tags.operatorKeyword, tags.modifier]],
    ["string", [tags.string, tags.special(tags.string)]],
    ["number", [tags.number]],
    ["constant", [tags.bool, tags.null, tags.self]],
    ["comment", [tags.comment]],
    ["operator", [tags.operator]],
    ["punctuation", [tags.punctuation, tags.bracket]],
    ["function", [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)]],
    ["name", [tags.variableName, tags.propertyName]],
  ].map(([name, tag]) => ({ tag, color: `var(--md-code-hl-${name}-color)` })),
);

const look = EditorView.theme({
  "&": { color: "var(--md-code-fg-color)", backgroundColor: "var(--md-code-bg-color)" },
  "&.cm-focused": { outline: "2px solid var(--md-accent-fg-color)" },
  ".cm-scroller": { fontFamily: "var(--md-code-font-family, monospace)", lineHeight: "inherit" },
  ".cm-content": { padding: "0.7720588235em 0", caretColor: "var(--md-code-fg-color)" },
  ".cm-line": { padding: "0 1.1764705882em" },
  ".cm-cursor": { borderLeftColor: "var(--md-code-fg-color)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--md-code-hl-color--light, #8884)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "transparent", outline: "1px solid currentcolor" },
});

/**
 * Opens an editor in `host`. `changed(text)` is called after each change, `run()` on
 * Ctrl-Enter or Shift-Enter, `leave()` on Escape; Tab goes on to the next control.
 */
export function open(host, { text, label, changed, run, leave }) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const act = (f) => () => {
    f();
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([
          { key: "Ctrl-Enter", run: act(run) },
          { key: "Cmd-Enter", run: act(run) },
          { key: "Shift-Enter", run: act(run) },
          { key: "Escape", run: act(leave) },
        ]),
        history(),
        drawSelection(),
        indentUnit.of("    "),
        indentOnInput(),
        bracketMatching(),
        python(),
        syntaxHighlighting(colours),
        look,
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    set: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    close: () => view.destroy(),
  };
}
