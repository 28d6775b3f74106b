"""The style of Textual's own widgets: flat, one line high, with a visible focus.

It has to be the app's `CSS`: that takes precedence over the `DEFAULT_CSS` of the widgets, whatever the selectors.
"""

CSS = """
* {
    scrollbar-background: $scrollbar-background; scrollbar-background-hover: $scrollbar-background;
    scrollbar-background-active: $scrollbar-background; scrollbar-color: $scrollbar;
    scrollbar-color-hover: $scrollbar-hover; scrollbar-color-active: $scrollbar-active;
}
Button, Button:hover, Button.-active {
    min-width: 9; height: 1; border: none; padding: 0 1; margin-left: 1; tint: transparent;
    background: $hsnap-raised; background-tint: transparent; color: $foreground; text-style: none;
}
Button.-primary, Button.-primary:hover { color: $text-primary; text-style: bold; }
Button.-error, Button.-error:hover { color: $text-error; }
Button:focus, Button:focus:hover, Button.-primary:focus, Button.-error:focus {
    background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
}
Input, Input.-textual-compact {
    background: $hsnap-field; background-tint: transparent; color: $foreground;
    border: none; border-left: blank $hsnap-field; height: 1; padding: 0;
    &:focus { border: none; border-left: outer $hsnap-focus; background-tint: transparent; }
    & > .input--placeholder, & > .input--suggestion { color: $text-muted; }
    &:ansi { text-style: underline; }
    &:ansi:focus { border-left: outer $hsnap-focus; }
}
FooterKey.-disabled {
    text-style: none; color: $text-muted;
    & > .footer-key--key, & > .footer-key--description { color: $text-muted; text-style: none; }
}
Dialog ToastRack { dock: top; align: right top; margin: 0; }
Toast {
    width: 64; max-width: 80%; padding: 0 1; margin: 0; background: $hsnap-raised; color: $foreground;
    &.-information { border-left: outer $text-success; }
    &.-warning { border-left: outer $text-warning; }
    &.-error { border-left: outer $text-error; }
    &:ansi { background: ansi_default; border: round ansi_default; }
}
"""
