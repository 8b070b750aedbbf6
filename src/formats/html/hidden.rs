//! Elements that a browser does not show, by their own attributes. Style sheets are not read.

use super::tags::{HtmlAttribute, value};

/// Class names that sites use to hide text from view.
#[rustfmt::skip]
const HIDING_CLASSES: &[&str] = &[
    "a11y-hidden", "blind", "hidden-accessible", "screen-reader-only", "screen-reader-text", "sr-only", "u-blind",
    "visually-hidden", "visuallyhidden",
];
/// Distance in pixels from which a position is off the page.
const OFF_PAGE: f64 = 500.0;
/// Smallest readable font size, in pixels or points.
const READABLE: f64 = 2.0;

/// True if an element's attributes hide its content. Font size is checked by [`small`], because
/// descendants may set their own.
pub(super) fn hides(attributes: &[HtmlAttribute]) -> bool {
    let class = value(attributes, "class").unwrap_or_default();
    value(attributes, "hidden").is_some()
        || value(attributes, "style").is_some_and(style_hides)
        || class.split_ascii_whitespace().any(|class| HIDING_CLASSES.contains(&class))
}

fn style_hides(style: &str) -> bool {
    let style = without_comments(style).to_ascii_lowercase();
    let (mut no_size, mut clipped) = (false, false);
    let (mut faded, mut moving) = (false, false);
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value: String = value.split_whitespace().collect();
        let value = value.trim_end_matches("!important");
        let hides = match property.trim() {
            "display" => value == "none",
            "visibility" => matches!(value, "hidden" | "collapse"),
            "content-visibility" => value == "hidden",
            "opacity" => {
                faded = number(value).is_some_and(|(opacity, _)| opacity <= 0.0);
                false
            }
            "color" => value == "transparent",
            "text-indent" | "left" | "top" | "right" | "margin-left" | "margin-top" => {
                number(value).is_some_and(|(length, unit)| {
                    length <= -OFF_PAGE || (length <= -50.0 && unit.ends_with("em"))
                })
            }
            "clip" => value.starts_with("rect(0") || value.starts_with("rect(1px"),
            "clip-path" => value.starts_with("inset(50%") || value.starts_with("inset(100%"),
            "transform" if value == "scale(0)" || value.starts_with("scale(0,") => true,
            // Content that fades in is shown once the page's script runs.
            "transform" | "transition" | "animation" => {
                moving = true;
                false
            }
            "width" | "height" | "max-width" | "max-height" => {
                no_size |= number(value)
                    .is_some_and(|(size, unit)| size <= 0.0 || (size <= 1.0 && unit == "px"));
                false
            }
            "overflow" | "overflow-x" | "overflow-y" => {
                clipped |= matches!(value, "hidden" | "clip");
                false
            }
            _ => false,
        };
        if hides {
            return true;
        }
    }
    (no_size && clipped) || (faded && !moving)
}

/// True if an element's font is too small to read; `None` if its attributes set no absolute size.
pub(super) fn small(attributes: &[HtmlAttribute]) -> Option<bool> {
    let style = without_comments(value(attributes, "style")?).to_ascii_lowercase();
    let mut sizes = style.split(';').filter_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        match property.trim() {
            "font-size" => is_small(value.trim()),
            "font" => value.split([' ', '/']).filter(|word| !word.is_empty()).find_map(is_small),
            _ => None,
        }
    });
    sizes.next_back()
}

fn is_small(size: &str) -> Option<bool> {
    let size = size.trim_end_matches("!important").trim_end();
    if ["small", "medium", "large"].iter().any(|name| size.ends_with(name)) {
        return Some(false);
    }
    let (size, unit) = number(size)?;
    match unit {
        "px" | "pt" => Some(size < READABLE),
        "rem" | "vw" | "vh" | "pc" | "mm" | "cm" | "in" => Some(size <= 0.1),
        "" => (size <= 0.0).then_some(true),
        _ => (size <= 0.1).then_some(true),
    }
}

/// A number with its unit: "0.0em".
fn number(value: &str) -> Option<(f64, &str)> {
    let end = value
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'))
        .unwrap_or(value.len());
    let number = value[..end].parse().ok()?;
    let unit = &value[end..];
    Some((
        number,
        unit.split(|c: char| !c.is_ascii_alphabetic() && c != '%').next().unwrap_or_default(),
    ))
}

fn without_comments(style: &str) -> String {
    let (mut shown, mut rest) = (String::new(), style);
    while let Some((before, after)) = rest.split_once("/*") {
        shown.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_that_show_nothing_hide() {
        for style in [
            "display:none",
            "color:red; DISPLAY : None !important",
            "dis/**/play:none;display:/* x */none",
            "visibility: hidden",
            "opacity:0",
            "opacity: 0.0 ;",
            "position:absolute;left:-9999px",
            "text-indent:-9999px",
            "width:0;height:0;overflow:hidden",
            "height:1px;overflow: hidden",
            "clip: rect(0 0 0 0)",
            "clip-path:inset(50%)",
            "transform: scale( 0 )",
            "color:transparent",
        ] {
            assert!(style_hides(style), "{style}");
        }
    }

    #[test]
    fn a_style_may_set_the_size_of_letters() {
        let small = |style: &str| {
            small(&[HtmlAttribute { name: "style", value: style.to_string(), span: 0..0 }])
        };
        for style in [
            "font-size:0",
            "font-size: 0px !important",
            "font-size: 1px",
            "font-size:.05em",
            "font:0/0 a",
        ] {
            assert_eq!(small(style), Some(true), "{style}");
        }
        for style in [
            "font-size:12px",
            "font: bold 12px/1.5 serif",
            "font-size:0;font-size:1rem",
            "font-size:medium",
        ] {
            assert_eq!(small(style), Some(false), "{style}");
        }
        for style in ["", "font-size:1em", "font-size:120%", "font-size:inherit"] {
            assert_eq!(small(style), None, "{style}");
        }
    }

    #[test]
    fn other_styles_do_not() {
        for style in [
            "",
            "display:block",
            "opacity:.9",
            "opacity:0;transition:opacity 1s",
            "transform:translateY(10px);opacity:0",
            "font-size:0",
            "margin-left:-20px",
            "left:0;top:-1px",
            "width:0",
            "overflow:hidden",
            "width:100%;overflow:hidden",
            "--display:none",
            "display:none-such",
        ] {
            assert!(!style_hides(style), "{style}");
        }
    }
}
