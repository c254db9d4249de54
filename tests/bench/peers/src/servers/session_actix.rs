//! This library on actix-web.

use super::session::{fill, increment, manager, read};
use super::{Site, actix};
use actix_web::web::get;
use web_session::{Session, SessionMiddleware};

pub(super) async fn serve(site: Site) -> anyhow::Result<()> {
    let manager = manager(&site).await?;
    actix::serve(move |app| {
        let site = site.clone();
        let new = move |session: Session| {
            let filled = fill(&session, &site);
            async move { filled }
        };
        let routes = actix::routes(get().to(read), get().to(increment), get().to(new));
        app.service(routes.wrap(SessionMiddleware::new(manager.clone())));
    })
    .await
}
