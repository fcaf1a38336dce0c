//! Whether everybody can use every screen: axe-core's rules, targets that a tired hand meets, nothing cut off,
//! nothing that moves for those who want no motion.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::rig::{Gallery, SIZES};

#[tokio::test]
async fn every_screen_is_for_everybody() -> anyhow::Result<()> {
    let gallery = Gallery::open().await?;
    let modules = std::env::var_os("ALLEYCAT_NODE_MODULES").map(PathBuf::from);
    let axe = modules.context("ALLEYCAT_NODE_MODULES is not set")?.join("axe-core/axe.min.js");
    let axe = std::fs::read_to_string(&axe).with_context(|| format!("{} can't be read", axe.display()))?;
    gallery.page.evaluate(&axe).await?;
    let mut wrong = Vec::new();
    for (screen, _) in &gallery.screens {
        for theme in ["dark", "light", "contrast"] {
            gallery.show(&format!("screen={screen}&theme={theme}")).await?;
            // A theme changes colours and nothing else.
            let rules = if theme == "dark" { "all" } else { "color-contrast" };
            let found = gallery.faults(AXE, vec![json!(rules)]).await?;
            wrong.extend(found.into_iter().map(|fault| format!("{screen}, {theme}: {fault}")));
        }
        for (lang, size) in ["en", "de"].into_iter().flat_map(|lang| SIZES.map(|size| (lang, size))) {
            if size == SIZES[0] {
                gallery.show(&format!("screen={screen}&theme=dark&lang={lang}")).await?;
            }
            gallery.page.resize(size).await?;
            for script in [TARGETS, ROOM, STILL] {
                let found = gallery.faults(script, Vec::new()).await?;
                let (width, height) = size;
                wrong.extend(
                    found.into_iter().map(|fault| format!("{screen}, {lang}, {width}x{height}: {fault}")),
                );
            }
        }
        gallery.page.resize(SIZES[0]).await?;
    }
    ensure!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// The themes that the device wishes for are worn without anybody setting them.
#[tokio::test]
async fn the_devices_wish_is_heard() -> anyhow::Result<()> {
    let gallery = Gallery::open().await?;
    let ground = "return getComputedStyle(document.documentElement).getPropertyValue('--bg')";
    let mut grounds = Vec::new();
    for wish in [("prefers-color-scheme", "light"), ("prefers-contrast", "more")] {
        let features = json!([{ "name": wish.0, "value": wish.1 }]);
        gallery.page.devtools("Emulation.setEmulatedMedia", &json!({ "features": features })).await?;
        gallery.show("screen=setup").await?;
        grounds.push(gallery.page.evaluate(ground).await?);
    }
    for theme in ["light", "contrast", "dark"] {
        gallery.show(&format!("screen=setup&theme={theme}")).await?;
        grounds.push(gallery.page.evaluate(ground).await?);
    }
    let [light, contrast, set_light, set_contrast, set_dark] = grounds.as_slice() else { unreachable!() };
    assert_eq!((light, contrast), (set_light, set_contrast));
    assert!(light != contrast && set_dark != light && set_dark != contrast, "{grounds:?}");
    Ok(())
}

/// WCAG 2.2 A and AA and axe's own best practices.
const AXE: &str = "const [rules, done] = arguments;
    const only = rules === 'all'
        ? { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
        : { type: 'rule', values: [rules] };
    axe.run(document, { runOnly: only, resultTypes: ['violations'] }).then(
        result => done(result.violations.flatMap(v => v.nodes.map(
            n => `${v.id}: ${n.html.slice(0, 160)} (${n.any.concat(n.all, n.none).map(c => c.message).join('; ')})`))),
        error => done([`axe: ${error}`]));";

/// Everything that can be touched is at least 48 by 48 CSS pixels, on the race view 64 by 64: the whole label of
/// an input counts. What is not on the screen is not measured.
const TARGETS: &str = "const done = arguments[arguments.length - 1];
    const faults = [];
    const all = 'button, a[href], input, select, textarea, [role=button], [role=tab], [tabindex=\"0\"]';
    for (const element of document.querySelectorAll(all)) {
        const target = element.closest('label') ?? element;
        if (!element.checkVisibility() || element.closest('.hidden')) continue;
        const { width, height } = target.getBoundingClientRect();
        const least = element.closest('.race') ? 64 : 48;
        if (width < least - 0.5 || height < least - 0.5)
            faults.push(`a target of ${width.toFixed(0)}x${height.toFixed(0)}, not ${least}: ${element.outerHTML.slice(0, 120)}`);
    }
    done(faults);";

/// Nothing reaches over the screen's edge, nothing is larger than its box, no bar to scroll with: but for long
/// lists, which are made for it, and rooms beside the race.
const ROOM: &str = "const done = arguments[arguments.length - 1];
    const faults = [];
    const root = document.scrollingElement;
    if (!document.querySelector('.overview, .sheet-of-parts')) {
        if (root.scrollHeight > innerHeight + 1 || root.scrollWidth > innerWidth + 1)
            faults.push(`the page is ${root.scrollWidth}x${root.scrollHeight}`);
        for (const element of document.body.querySelectorAll('*')) {
            if (element.closest('.hidden, svg *, .long, option') || !element.checkVisibility()) continue;
            // Beside the race there is more to say than a screen holds.
            const scrolled = e => e?.closest('.room') && (['auto', 'scroll'].includes(getComputedStyle(e).overflowY) || scrolled(e.parentElement));
            if (scrolled(element)) continue;
            const name = `<${element.tagName.toLowerCase()} class='${element.getAttribute('class') ?? ''}'>`;
            const box = element.getBoundingClientRect();
            if (box.width && box.height
                && (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1))
                faults.push(`${name} reaches over the edge`);
            const style = getComputedStyle(element);
            if (style.display === 'inline' || element instanceof SVGElement) continue;
            if (style.textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
                faults.push(`${name} is ${element.clientWidth} wide and holds ${element.scrollWidth}: ${element.innerText.slice(0, 60)}`);
            if (element.scrollHeight > element.clientHeight + 2 && element.clientHeight && style.overflowY !== 'visible')
                faults.push(`${name} is ${element.clientHeight} high and holds ${element.scrollHeight}: ${element.innerText.slice(0, 60)}`);
        }
    }
    done([...new Set(faults)]);";

/// The browser was told that motion is not wanted.
const STILL: &str = "const done = arguments[arguments.length - 1];
    done(document.getAnimations().filter(a => a.playState === 'running').map(a => `${a.animationName ?? 'a transition'} runs`));";
