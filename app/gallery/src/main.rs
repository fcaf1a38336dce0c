//! Mounts the gallery.

fn main() {
    leptos::mount::mount_to_body(alleycat_gallery::Gallery);
}
