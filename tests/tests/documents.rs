//! Documents that point at something: it is there.

use std::fs;
use std::path::Path;

use aiops_tests::checkout::{files, root};

/// The targets of `[text](target)`, without what is elsewhere and without the place on the page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(target, _)| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
}

/// What stands between backquotes and is a file of a folder at the root.
fn named_files<'t>(text: &'t str, root: &Path) -> impl Iterator<Item = &'t str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(|quoted| quoted.split("::").next().unwrap_or_default())
        .filter(|quoted| Path::new(quoted).extension().is_some())
        .filter(|quoted| !quoted.contains(|c: char| c.is_whitespace() || "*<{".contains(c)))
        .filter(move |quoted| {
            let folder = quoted.split_once('/').map(|(folder, _)| folder);
            folder.is_some_and(|folder| !folder.starts_with('.') && root.join(folder).is_dir())
        })
}

#[test]
fn what_the_documents_point_at_is_there() {
    let root = root();
    let mut pages = vec![root.join("README.md")];
    pages.extend(files(&root.join("docs"), "md"));
    let mut nowhere = Vec::new();
    let mut looked_at = 0;
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        let beside = page.parent().unwrap();
        let linked = links(&text).map(|target| (target, beside.join(target)));
        let named = named_files(&text, &root).map(|file| (file, root.join(file)));
        for (target, path) in linked.chain(named) {
            looked_at += 1;
            if !path.exists() {
                nowhere.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(looked_at > 80, "only {looked_at} were recognised");
    assert!(nowhere.is_empty(), "{nowhere:#?}");
}
