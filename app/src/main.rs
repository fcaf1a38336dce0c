//! Mounts the page.

fn main() {
    alleycat_app::run();
}
