(()=>{function b(a,l={},...c){let h=document.createElement(a);for(let[e,t]of Object.entries(l))h.setAttribute(e,t);return h.append(...c),h}function q(a,l,c="button"){
let h=b("button",{type:"button",class:c},a);return h.addEventListener("click",l),h}var N=(a,l)=>b("label",{class:"field-inline"},b("span",{},a),l),pe=0;function L(a,l){
let c=`dialog-title-${pe+=1}`,h=b("h2",{id:c},a),e=b("dialog",{class:"dialog","aria-labelledby":c},h,...l);return e.addEventListener("close",()=>e.remove()),document.
body.append(e),e.showModal(),e}function j(a){try{return localStorage.getItem(a)}catch{return null}}function z(a,l){try{l===null?localStorage.removeItem(a):localStorage.
setItem(a,l)}catch{}}function K(a,l,c){return new Promise(h=>{let e=q("Back",()=>n.close(),"button plain"),t=q(l,()=>n.close("confirmed"),c?"button danger":"button");e.autofocus=c,t.
autofocus=!c;let i=b("div",{class:"dialog-actions"},e,t),n=L("Please confirm",[b("p",{},a),i]);n.addEventListener("close",()=>h(n.returnValue==="confirmed"))})}
var B=new WeakSet;async function ge(a){let l=a.target,c=a.submitter,h=c?.dataset.confirm??l.dataset.confirm;if(h===void 0||B.delete(l))return;a.preventDefault(),
a.stopImmediatePropagation();let e=c?.textContent?.trim()||"Confirm";await K(h,e,c?.classList.contains("danger")??!1)&&(B.add(l),l.requestSubmit(c),B.delete(l))}
async function be(a){let{ctx:l,issueRequest:c,dropRequest:h}=a.detail;a.preventDefault();let e=l.sourceElement,t=e.matches("button")&&e.textContent?.trim()||"Co\
nfirm";await K(l.confirm,t,e.classList.contains("danger"))?c():h()}function ye(a){let l=a.target instanceof Element?a.target:null,c=l?.closest("[data-open-dialo\
g]"),h=c?.getAttribute("data-open-dialog"),e=h?document.getElementById(h):l?.closest("[data-close-dialog]")?.closest("dialog");e instanceof HTMLDialogElement&&(c?
e.showModal():e.close())}function Q(){document.addEventListener("submit",ge,!0),document.addEventListener("htmx:confirm",be),document.addEventListener("click",ye)}var G=(()=>{let a={parse(h){if(!h)return{};if(h.startsWith("{"))return JSON.parse(h);let e=/(?:"([^"]+)"|'([^']+)'|([^\s,:]+))(?:\s*:\s*(?:"([^"]*)"|'([^']*)'|<((?:[^/]|\/(?!>))+)\/>|([^\s,]+)))?(?=\s|,|$)/g,
t={};for(let i of h.matchAll(e)){let[,n,s,r,o,u,p,d]=i,f=n??s??r,g=(o??u??p??d??"true").trim();try{g=JSON.parse(g)}catch{}let y=r?.includes(".")?f.split(".").reduceRight(
(S,E)=>({[E]:S}),g):{[f]:g};a.merge(y,t)}return t},split(h){return h.split(/,(?![^\[]*\])(?![^(]*\))(?![^<]*\/>)(?=(?:[^"']|"[^"]*"|'[^']*')*$)/)},merge(h,e){typeof h==
"string"&&(h=a.parse(h));for(let[t,i]of Object.entries(h)){if(["__proto__","constructor","prototype"].includes(t))continue;let n=i?.constructor===Object,s=e[t]?.
constructor===Object;n&&s?a.merge(i,e[t]):e[t]=i}return e}};class l{#e=null;#t=[];admit(e,t,i){if(!this.#e)return this.#e={strategy:e,abort:i},"run";if(e==="rep\
lace"||e!=="abort"&&this.#e.strategy==="abort")return this.#t=[],this.#e.abort?.(),this.#e={strategy:e,abort:i},"run";if(e==="queue all")this.#t.push(t);else if(e===
"queue last")this.#t=[t];else if(e!=="abort"&&e!=="drop"&&this.#t.length===0)this.#t.push(t);else return"dropped";return"queued"}continue(e){this.#e?.abort===e&&
(this.#e=null,this.#t.shift()?.())}abort(){this.#e?.abort?.()}}class c{#e=a;#t=new Map;#n="";#r=new Set;_loc=window.location;#l;#a=Function;#o=Object.getPrototypeOf(
async function(){}).constructor;#h={createHTML:e=>e,createScript:e=>e};#u;#E="a,form";#k=["get","post","put","patch","delete","query"];#M;#b;#m;#y;#c;constructor(){
this.#R(),this.#j(),this.#u=this.#w("[hx-action],[hx-get],[hx-post],[hx-put],[hx-patch],[hx-delete],[hx-query]"),this.#M=new XPathEvaluator().createExpression(`\
.//*[@*[${this.#O("hx-on").map(t=>`starts-with(name(), "${t}")`).join(" or ")}]]`),this.#l={HCON:a,attributeValue:this.#s.bind(this),parseTriggerSpecs:this.#Z.bind(
this),determineMethodAndAction:this.#ee.bind(this),createRequestContext:this.#F.bind(this),collectFormData:this.#pe.bind(this),getAttributeObject:this.#P.bind(this),
insertContent:this.#W.bind(this),morph:this.#X.bind(this),isSoftMatch:this.#lt.bind(this),initSecurity:(t,i,n)=>{t&&(this.#h=t),i&&(this.#a=i),n&&(this.#o=n)},onTrigger:this.#H.
bind(this),htmxProp:this.#p.bind(this),triggerHtmxEvent:this.#i.bind(this),executeJavaScript:this.#S.bind(this)};let e=()=>this.initialize();document.readyState===
"loading"?document.addEventListener("DOMContentLoaded",e):setTimeout(e)}#R(){this.version="4.0.1",this.config={logAll:!1,prefix:"data-hx-",transitions:!1,history:!0,
mode:"same-origin",defaultSwap:"innerHTML",defaultFocusScroll:!1,indicatorClass:"htmx-indicator",requestClass:"htmx-request",includeIndicatorCSS:!0,defaultTimeout:6e4,
extensions:"",morphIgnore:["data-htmx-powered"],morphSkip:"[hx-morph-skip]",morphSkipChildren:"[hx-morph-skip-children]",morphScanLimit:10,noSwap:[204,304],implicitInheritance:!1,
defaultSettleDelay:1,allowEmptySwapAfterOOB:!1};let e=document.querySelector('meta[name="htmx-config"]');e&&a.merge(e.content,this.config),this.#n=this.config.extensions}#j(){
if(this.config.includeIndicatorCSS!==!1){let e=this.config.indicatorClass,t=this.config.requestClass;try{this.indicatorStyleSheet=new CSSStyleSheet,this.indicatorStyleSheet.
replaceSync(`.${e}{opacity:0;visibility: hidden} .${t} .${e}, .${t}.${e}{opacity:1;visibility: visible;transition: opacity 200ms ease-in}`),document.adoptedStyleSheets.
push(this.indicatorStyleSheet)}catch{}}}registerExtension(e,t){if(this.#n&&!this.#n.split(/,\s*/).includes(e)||this.#r.has(e))return!1;this.#r.add(e),t.init&&t.
init(this.#l),Object.entries(t).forEach(([i,n])=>{this.#t.get(i)?.push(n)||this.#t.set(i,[n])})}#T(e){let t=this.config.prefix;return!e.closest||e.closest("[hx-\
ignore]")!=null||t&&e.closest(`[${t}ignore]`)!=null}#L(e,t){let i=this.config.prefix;return e.getAttribute(t)??(i?e.getAttribute(t.replace("hx-",i)):null)}#B(e,t){
let i=this.config.prefix&&t.replace("hx-",this.config.prefix);return e.hasAttribute(t)?t:i&&e.hasAttribute(i)?i:null}#w(e){return this.#O(e).join(",")}#O(e){let t=[
e];return this.config.prefix&&t.push(e.replaceAll("hx-",this.config.prefix)),t}#v(e,t){let i=[...e.querySelectorAll?.(t)??[]];return e.matches?.(t)&&i.unshift(e),
i}#Ee(e){return e==="before"?"beforebegin":e==="after"?"afterend":e==="prepend"?"afterbegin":e==="append"?"beforeend":e}#Te(e,t){let i=[];return this.#s(e,t,void 0,
(n,s)=>{n?.split(/\s*[,:]\s*/).includes("this")&&i.push(s)}),i}#s(e,t,i,n,s=this.config.implicitInheritance){t=this.#I(t);let r=this.#I(":inherited"),o=this.#I(
":append"),u=this.#L(e,t)??this.#L(e,t+r);if(u!=null)return n?n(u,e):u;let p=CSS.escape(s?t:t+r),d=CSS.escape(t+r+o),f=this.#w(`[${p}],[${d}]`),g=this.#B(e,t+o)??
this.#B(e,t+r+o);if(g){let y=e.getAttribute(g),S=e.parentNode?.closest?.(f);if(n&&n(y,e),S){let E=this.#s(S,t,void 0,n,s);return E?(E+","+y).replace(/[{}]/g,""):
y}return y}let m=e.parentNode?.closest?.(f);return m?(u=this.#s(m,t,void 0,n),!n&&u&&s&&this.#g(e,"htmx:after:implicitInheritance",{elt:e,name:t,parent:m}),u):i}#Z(e){
return a.split(e).flatMap(t=>{t=t.replace(/^\s*every\s+(\S+?)\s*(\[[^\]]*\])/,"every$2 $1");let[,i,n]=t.match(/^\s*(\S+\[[^\]]*\]|\S+)\s*(.*?)\s*$/)??[];if(!i)return[];
if(/\[[^\]]*$/.test(i))throw"unterminated:"+i;return[{name:i,...a.parse(n)}]})}#ee(e,t){let i=this.#s(e,"hx-method"),n=this.#s(e,"hx-action",void 0,void 0,!1);if(!n)
for(let s of this.#k){let r=this.#s(e,"hx-"+s,void 0,void 0,!1);if(r!=null){n=r,i=s;break}}return this.#C(e)&&(n||=t.submitter?.getAttribute?.("formAction")||e.
getAttribute(e.matches("a")?"href":"action")),i||=t.submitter?.getAttribute?.("formmethod")||e.getAttribute("method")||"GET",{action:n,method:i.toUpperCase()}}#p(e){
return e._htmx||(e._htmx={listeners:[],triggerSpecs:[]},e.setAttribute("data-htmx-powered","true")),e._htmx}#x(e){return e._htmx_state||={}}#Ce(e){if(this.#he(e)&&
this.#i(e,"htmx:before:init",{},!0)){let t=this.#p(e);t.initialized=!0,t.eventHandler=this.#te(e),this.#le(e),this.#i(e,"htmx:after:init",{},!0)}}#te(e){return async t=>{
try{let i=this.#F(e,t);await this.#se(i)}catch(i){this.#i(e,"htmx:error",{error:i})}}}#F(e,t){let{action:i,method:n}=this.#ee(e,t),[s,r]=(i||"").split("#"),o=new AbortController,
u={sourceElement:e,sourceEvent:t,status:"created",select:this.#s(e,"hx-select"),selectOOB:this.#s(e,"hx-select-oob"),target:this.#s(e,"hx-target"),swap:this.#s(
e,"hx-swap")??this.config.defaultSwap,push:this.#s(e,"hx-push-url"),replace:this.#s(e,"hx-replace-url"),transition:this.config.transitions,confirm:this.#s(e,"hx\
-confirm"),request:{validate:this.#s(e,"hx-validate",e.matches("form")&&!e.noValidate&&!t.submitter?.formNoValidate?"true":"false",void 0,!1)==="true",action:s,
anchor:r,method:n,headers:this.#Ae(e),abort:o.abort.bind(o),credentials:"same-origin",signal:o.signal,mode:this.config.mode}};e._htmx?.boosted&&a.merge(e._htmx.
boosted,u),u.target=this.#U(e,u.target),u.target&&(u.request.headers["HX-Target"]=this.#ie(u.target));let p=this.#s(e,"hx-config");return p&&(a.merge(p,u.request),
u.request.mode=this.config.mode),u}#ie(e){return`${e.tagName.toLowerCase()}${e.id?"#"+encodeURI(e.id):""}`}#Ae(e){let t={"HX-Request":"true","HX-Source":this.#ie(
e),"HX-Current-URL":location.href,Accept:"text/html"};return this.#C(e)&&(t["HX-Boosted"]="true"),t}#qe(e,t){return this.#P(e,"hx-headers",i=>{for(let n in i)t.
request.headers[n]=String(i[n])},{ctx:t})}#U(e,t){return t instanceof Element?t:t!=null?this.#K(e,t,"hx-target"):this.#C(e)?document.body:e}#C(e){return e?._htmx?.
boosted}async#se(e){let t=e.sourceElement,i=e.sourceEvent;if(!t.isConnected||this.#Oe(i))return;this.#oe(i)&&i.preventDefault();let n=/GET|DELETE/.test(e.request.
method),s=n?t.matches("form")?t:null:t.form||t.closest("form"),r=this.#pe(t,s,i.submitter,e.request.validate,n);if(!r)return;let o=this.#P(t,"hx-vals",d=>{e.vals=
d;for(let f in d)r.set(f,d[f])},{ctx:e});if(o&&await o,e.values)for(let d in e.values)r.delete(d),r.append(d,e.values[d]);let u=this.#qe(t,e);if(u&&await u,Object.
assign(e.request,{form:s,submitter:i.submitter,body:r}),!this.#i(t,"htmx:config:request",{ctx:e})||e.request.method==="DIALOG")return;let p=this.#G(e.request.action);
if(p!=null){let d=Object.fromEntries(e.request.body);await this.#S(e.sourceElement,d,p,!1);return}else if(n){let d=new URL(e.request.action,document.baseURI);for(let f of e.
request.body.keys())d.searchParams.delete(f);for(let[f,g]of e.request.body)d.searchParams.append(f,g);d.origin===location.origin?e.request.action=d.pathname+d.search:
e.request.action=d.href,e.request.body=null}else(this.#s(t,"hx-encoding")??s?.enctype)!=="multipart/form-data"&&(e.request.body=new URLSearchParams(e.request.body));
await this.#re(e)}async#re(e){let t=e.sourceElement,i=this.#Le(t),n=this.#ne(t);this.#nt(t);let s=()=>e.request?.abort?.();if(n.admit(i,()=>this.#re(e),s)==="ru\
n"){e.status="issuing",e.indicators??=[],e.disabledElements??=[];try{if(e.confirm&&!await new Promise(u=>{let p={ctx:e,issueRequest:()=>u(!0),dropRequest:()=>u(
!1)};if(this.#i(t,"htmx:confirm",p)){let d=this.#G(e.confirm);u(d?this.#S(t,{ctx:e},d,!0):window.confirm(e.confirm))}})||(this.#Me(e),this.#Ye(e),this.#et(e),e.
fetch||=window.fetch.bind(window),e.request.headers["HX-Request-Type"]=e.target===document.body||e.select?"full":"partial",!this.#i(t,"htmx:before:request",{ctx:e})))
return;let r=await e.fetch(e.request.action,e.request);if(e.response={raw:r,status:r.status,headers:r.headers},this.#Ie(e),!this.#i(t,"htmx:before:response",{ctx:e})||
(e.text=await r.text(),!this.#i(t,"htmx:after:request",{ctx:e})))return;if(e.response.status>=400&&this.#i(t,"htmx:response:error",{ctx:e}),this.#ke(e)){e.keepIndicators=
!0;return}if(e.status==="issuing"){if(e.hx.retarget&&(e.target=e.hx.retarget),e.hx.reswap&&(e.swap=e.hx.reswap),e.hx.reselect&&(e.select=e.hx.reselect),e.target?.
isConnected===!1)return;e.status="response received",this.#ut(e),await this.swap(e),e.status="swapped"}}catch(r){e.status="error: "+r,(r?.name!=="AbortError"||e.
request.signal.reason==="timeout")&&this.#i(t,"htmx:error",{ctx:e,error:r})}finally{await e.extensionPromise?.catch(()=>{}),clearTimeout(e.requestTimeout),e.hx?.
trigger&&this.#$e(e.hx.trigger,e.sourceElement),this.#i(t,"htmx:finally:request",{ctx:e}),e.keepIndicators||(this.#Ze(e.indicators),this.#tt(e.disabledElements)),
n.continue(s)}}}#Ie(e){e.hx={};for(let[t,i]of e.response.raw.headers)t.toLowerCase().startsWith("hx-")&&(e.hx[t.slice(3).toLowerCase().replace(/-/g,"")]=i)}#ke(e){
if(e.hx.refresh==="true")return this._loc.reload(),!0;if(e.hx.redirect)return this._loc.href=e.hx.redirect,!0;if(e.hx.location){let t=e.hx.location,i={},n=a.parse(
t);return(t[0]==="{"||n.path!=null)&&(i=n,t=i.path,delete i.path),i.push==null&&i.replace==null&&(i.push="true"),i.indicators=e.indicators,i.disabledElements=e.
disabledElements,this.ajax("GET",t,i),!0}}#Me(e){let t=e.request.timeout!=null?this.parseInterval(e.request.timeout):this.config.defaultTimeout;t&&(e.requestTimeout=
setTimeout(()=>e.request?.abort?.("timeout"),t))}#Le(e){let t=this.#s(e,"hx-sync");if(!t)return"queue first";let i=t.split(":").pop().trim();return/^(drop|abort|replace|queue)/.
test(i)?i:"queue first"}#ne(e){let t=this.#s(e,"hx-sync"),i=e;if(t){let n=t.includes(":")?t.slice(0,t.lastIndexOf(":")).trim():/^(drop|abort|replace|queue)/.test(
t)?null:t;n&&(i=this.#K(e,n,"hx-sync")||e)}return this.#x(i).rq||=new l}#Oe(e){return e.type==="click"&&(e.ctrlKey||e.metaKey||e.shiftKey)&&!!e.currentTarget?.closest?.(
"a[href]")}#oe(e){let t=e.currentTarget;if(e.type==="submit"&&t?.tagName==="FORM")return!0;if(!(e.type==="click"&&e.button===0))return!1;let s=t?.closest?.('but\
ton, input[type="submit"], input[type="image"]'),r=s?.form||s?.closest("form");if(s&&!s.disabled&&r&&(s.type==="submit"||s.type==="image"||!s.type&&s.tagName===
"BUTTON"))return!0;let u=t?.closest?.("a");if(!u||!u.href)return!1;let p=u.getAttribute("href");return!(p&&p.startsWith("#")&&p.length>1)}#le(e,t=e._htmx.eventHandler){
let n=this.#s(e,"hx-trigger",void 0,void 0,!1)||(e.matches("form")?"submit":e.matches("input:not([type=button]):not([type=submit]),select,textarea")?"change":"c\
lick");this.#H(e,n,t)}#H(e,t,i){let n=this.#Z(t);this.#p(e).triggerSpecs.push(...n);for(let s of n){s.listeners=[];let[r,o]=this.#He(s.name),u=[e];s.from==="out\
side"?u=[document]:s.from&&s.from!=="self"&&(u=this.#d(e,s.from));let p=f=>{if((s.halt||s.prevent)&&f.preventDefault(),(s.halt||s.stop||s.consume)&&f.stopPropagation(),
s.changed){let g=this.#x(e).changedValues??=new WeakMap,m=f.target;if(!["checkbox","radio"].includes(m?.type)){let y=m?.value;if(g.has(m)&&g.get(m)===y)return;g.
set(m,y)}}if(s.once)for(let g of s.listeners)g.fromElt.removeEventListener(g.eventName,g.handler,g);i(f)},d=p;if(s.delay?d=f=>{clearTimeout(s.timeout),s.timeout=
setTimeout(()=>p(f),this.parseInterval(s.delay))}:s.throttle&&(d=f=>{s.throttled?s.throttledEvent=f:(s.throttled=!0,p(f),s.throttleTimeout=setTimeout(()=>{if(s.
throttled=!1,s.throttledEvent){let g=s.throttledEvent;s.throttledEvent=null,d(g)}},this.parseInterval(s.throttle)))}),s.handler=f=>{if(this.#oe(f)&&f.preventDefault(),
!(s.from==="self"&&f.target!==e)&&!(s.from==="outside"&&e.contains(f.target))&&!(s.target&&!f.target?.matches?.(s.target))){if(o){let g={};for(let m in f)/^[a-z]+$/i.
test(m)&&(g[m]=f[m]);if(!this.#S(e,g,o,!0,!1))return}if(r!=="every")for(let g of this.#p(e).triggerSpecs)clearTimeout(g.timeout),g.throttledEvent=null;d(f)}},r===
"intersect"||r==="revealed"){let f={rootMargin:s.rootMargin};s.root&&(f.root=this.#K(e,s.root)),s.threshold&&(f.threshold=parseFloat(s.threshold));let g=r==="re\
vealed";s.observer=new IntersectionObserver(m=>{for(let y=0;y<m.length;y++)if(m[y].isIntersecting){this.trigger(m[y].target,"intersect",{},!1),g&&s.observer.disconnect();
break}},f),r="intersect";for(let m of u)s.observer.observe(m)}if(r==="every"){let f=Object.keys(s).find(g=>g!=="name");s.interval=setInterval(()=>{e.isConnected?
this.#i(e,"every",{},!1):clearInterval(s.interval)},this.parseInterval(f))}if(r==="load"){s.handler(new CustomEvent("load"));continue}for(let f of u){let g={fromElt:f,
eventName:r,handler:s.handler,capture:!!s.capture,passive:!!s.passive};e._htmx.listeners.push(g),s.listeners.push(g),f.addEventListener(r,s.handler,g)}}}#He(e){
let t=e.match(/^([^\[]*)\[([^\]]*)]/);return t?[t[1],t[2]]:[e,null]}#$e(e,t){if(e[0]==="{"){let i=a.parse(e);for(let n in i){let s=i[n],r=t;s?.target&&(r=this.find(
s.target)),this.trigger(r,n,typeof s=="object"?s:{value:s})}}else e.split(",").forEach(i=>this.trigger(t,i.trim(),{}))}#Ne(e){let t={},i=Object.getPrototypeOf(this);
for(let n of Object.getOwnPropertyNames(i))n!=="constructor"&&typeof this[n]=="function"&&(["find","findAll"].includes(n)?t[n]=(s,r)=>r===void 0?this[n](e,s):this[n](
s,r):t[n]=this[n].bind(this));return t}#S(e,t,i,n=!0,s=!0,r=!1){let o={};Object.assign(o,this.#Ne(e));let u={},p={scope:u,code:i};this.#g(e,"htmx:scope",p),i=p.
code,Object.assign(o,u),Object.assign(o,t);let d=Object.keys(o),f=Object.values(o),g=s?this.#o:this.#a,m=new g(...d,n?`return (${i})`:i);return r?()=>m.call(e,...f):
m.call(e,...f)}process(e,t){if(!e?.isConnected)return;if(!(e instanceof Element)){for(let r of e.children||[])this.process(r,t);return}if(t&&this.#f(e,!0),this.#T(
e)||!this.#i(e,"htmx:before:process"))return;let i=[e],n=this.#M.evaluate(e),s=null;for(;s=n.iterateNext();)i.push(s);for(let r of i)!this.#T(r)&&this.#i(r,"htm\
x:before:on:init",{},!0)&&this.#Je(r);for(let r of this.#v(e,this.#u))this.#Ce(r);for(let r of this.#v(e,this.#E))this.#_e(r);this.#i(e,"htmx:after:process")}#_e(e){
let t=this.#s(e,"hx-boost");if(t&&t!=="false"&&this.#De(e)&&this.#i(e,"htmx:before:init",{},!0)){let i=this.#p(e);i.initialized=!0,i.eventHandler=this.#te(e),i.
boosted=t,this.#le(e),this.#i(e,"htmx:after:init",{},!0)}}#De(e){if(this.#he(e)){if(e.tagName==="A"){if(e.target===""||e.target==="_self")return!e.hasAttribute(
"download")&&!e.getAttribute("href")?.startsWith?.("#")&&this.#ae(e.href)}else if(e.tagName==="FORM")return e.method!=="dialog"&&this.#ae(e.action)}}#ae(e){try{
return new URL(e,window.location.href).origin===window.location.origin}catch{return!1}}#he(e){return!e._htmx?.initialized&&!this.#T(e)}#f(e,t){let i=[e,...e.querySelectorAll?.(
"[data-htmx-powered]")??[]];for(let n of i)if(n._htmx){this.#i(n,"htmx:before:cleanup");for(let s of n._htmx.triggerSpecs||[])s.interval&&clearInterval(s.interval),
s.timeout&&clearTimeout(s.timeout),s.throttleTimeout&&clearTimeout(s.throttleTimeout),s.observer?.disconnect();for(let s of n._htmx.listeners||[])s.fromElt.removeEventListener(
s.eventName,s.handler,s);n.removeAttribute("data-htmx-powered"),this.#i(n,"htmx:after:cleanup"),t&&delete n._htmx}}#Re(e){let t=document.createElement("div");t.
hidden=!0,document.body.insertAdjacentElement("afterend",t);let i=e.querySelectorAll?.(this.#w("[hx-preserve]"))||[];for(let n of i){let s=document.getElementById(
n.id);s&&this.#q(t,s,null)}return t}#je(e){for(let t of[...e.children]){let i=document.getElementById(t.id);i&&(this.#q(i.parentNode,t,i),this.#f(i),i.remove())}
e.remove()}#V(e){let t=this.#h.createHTML(e);return Document.parseHTMLUnsafe?.(t,{})||new DOMParser().parseFromString(t,"text/html")}#Be(e){let t=e.replace(/<hx-([a-z]+)(\s+|>)/gi,
'<template hx type="$1"$2').replace(/<\/hx-[a-z]+>/gi,"</template>"),i="";t=t.replace(/<head(\s[^>]*)?>[\s\S]*?<\/head>/i,o=>(i=this.#V(o).title,""));let n=t.match(
/<([a-z][^\/>\x20\t\r\n\f]*)/i)?.[1]?.toLowerCase(),s,r;if(n==="html"||n==="body"?(s=this.#V(t),r=document.createDocumentFragment(),r.append(s.body)):(s=this.#V(
`<template>${t}</template>`),r=s.querySelector("template").content),!i){let o=r.querySelector("title:not(svg title)");o&&(i=o.textContent,o.remove())}return this.#de(
r),{fragment:r,title:i}}#ue(e,t,i,n){let s=t.id?"#"+CSS.escape(t.id):null,[,r,o]=i.match(/^(\S+):(.+)/)??[];r&&([i,s]=[r,o||s]),(i==="true"||!i)&&(i="outerHTML");
let u=this.#$(i);if(s=u.target||s,u.strip??=!u.style.startsWith("outer"),!s)return;let p=this.#d(n,s);for(let d of p){let f=document.createDocumentFragment();f.
append(t.cloneNode(!0)),e.push({type:"oob",fragment:f,target:d,swapSpec:u,sourceElement:n})}t.remove()}#Fe(e,t,i){let n=[];if(i)for(let s of i.split(",")){let[r,
o="true"]=s.split(/:(.*)/);for(let u of e.querySelectorAll(r))this.#ue(n,u,o,t)}for(let s of e.querySelectorAll(this.#w("[hx-swap-oob]"))){let r=this.#B(s,"hx-s\
wap-oob"),o=s.getAttribute(r);s.removeAttribute(r),this.#ue(n,s,o,t)}return n}#A(e,t,i){t?t.before(...i.childNodes):e.append(...i.childNodes)}#$(e){e=e.trim();let t=this.
config.defaultSwap;if(e&&!/^\S*:/.test(e)){let i=e.match(/^(\S+)\s*(.*)$/);t=i[1],e=i[2]}return{style:this.#Ee(t),...a.parse(e)}}#Ue(e,t){let i=[];for(let n of e.
querySelectorAll("template[hx]")){let s=n.getAttribute("type");if(s==="partial"){let r=this.#L(n,"hx-target")||(n.id?"#"+CSS.escape(n.id):null);if(r){this.#de(n.
content);let o=this.#$(this.#L(n,"hx-swap")||this.config.defaultSwap);o.ignoreTitle&&(t.title=null);let u=this.#d(t.sourceElement,r);for(let p of u.length?u:[null])
i.push({type:"partial",fragment:n.content.cloneNode(!0),target:p,swapSpec:o,sourceElement:t.sourceElement})}}else this.#g(n,"htmx:process:"+s,{ctx:t,tasks:i});n.
remove()}return i}#ce(e,t,i,n){try{i!=null&&e.setSelectionRange&&e.setSelectionRange(i,n),e.focus(t)}catch{}}#Ve(e){let t=this.#v(e,"[autofocus]")[0];t&&this.#ce(
t)}#fe(e){return e===window||e===document?document.scrollingElement:e}#We(e,t){if(e.scroll){let i=e.scrollTarget?this.#fe(this.#Q(t,e.scrollTarget)):t;i&&(e.scroll===
"top"?i.scrollTop=0:e.scroll==="bottom"&&(i.scrollTop=i.scrollHeight))}(e.show==="top"||e.show==="bottom")&&(e.showTarget?this.#fe(this.#Q(t,e.showTarget)):t)?.
scrollIntoView?.(e.show==="top")}#Pe(e){e.request?.anchor&&document.getElementById(e.request.anchor)?.scrollIntoView({block:"start",behavior:"auto"})}#de(e){let t=this.#v(
e,"script");for(let i of t){let n=document.createElement("script");for(let s of i.attributes)n.setAttribute(s.name,s.value);this.config.inlineScriptNonce&&(n.nonce=
this.config.inlineScriptNonce),n.textContent=this.#h.createScript(i.textContent),i.replaceWith(n)}}initialize(){this.config.history&&!this.#y&&(this.#y=!0,window.
navigation&&!/firefox/i.test(navigator.userAgent)?navigation.addEventListener("navigate",e=>{e.navigationType==="traverse"&&e.canIntercept&&!e.hashChange&&e.intercept(
{handler:()=>this.#me()})}):window.addEventListener("popstate",e=>this.#me(e.state))),this.process(document.body)}async swap(e){try{let{fragment:t,title:i}=this.#Be(
e.text);e.title=i;let n=[],s=this.#Fe(t,e.sourceElement,e.selectOOB),r=this.#Ue(t,e);n.push(...s,...r);let o=r.length||s.length&&!this.config.allowEmptySwapAfterOOB,
u=this.#ze(e,t,o);if(u&&n.unshift(u),!this.#i(e.sourceElement,"htmx:before:swap",{ctx:e,tasks:n}))return;this.#Xe(e);let p=[],d=[];for(let f of n)f.swapSpec?.transition??
u?.transition??e.transition?d.push(f):p.push(this.#W(f));if(d.length>0){let f=async()=>{for(let g of d)await this.#W(g,!1)};p.push(this.#ct(f,e))}await Promise.
all(p),!e.sourceElement?.isConnected&&u?.target?.isConnected&&(e.sourceElement=u.target),this.#i(e.sourceElement,"htmx:after:swap",{ctx:e}),e.title&&e.swap!=="n\
one"&&(document.title=e.title),this.#Pe(e)}finally{this.#i(e.sourceElement,"htmx:finally:swap",{ctx:e})}}#ze(e,t,i){let n=this.#$(e.swap||this.config.defaultSwap);
if(n.ignoreTitle&&(e.title=null),n.style==="delete"||(t.querySelector("body")||t).childElementCount>0||t.textContent.trim()||(n.swapEmpty??!i)){if(e.select){let r=t.
querySelectorAll(e.select);t=document.createDocumentFragment(),t.append(...r)}return this.#C(e.sourceElement)&&(n.show||="top"),{type:"main",fragment:t,target:this.#U(
e.sourceElement||document.body,n.target||e.target),swapSpec:n,sourceElement:e.sourceElement,transition:e.transition&&n.transition!==!1}}}async#W(e,t=!0){let{target:i,
swapSpec:n,fragment:s}=e;if(typeof i=="string"&&(i=document.querySelector(i)),!i)return;typeof n=="string"&&(n=this.#$(n));let r=n.style;if(r==="none")return;if(s.
firstElementChild?.tagName==="BODY"){let m=i===document.body&&r.startsWith("outer");m&&r==="outerHTML"&&(r="outerSync"),n.strip??=!m}if(n.strip&&s.firstElementChild&&
(s=document.createDocumentFragment(),s.append(...(e.fragment.firstElementChild.content||e.fragment.firstElementChild).childNodes)),this.#N(i,"htmx-swapping"),t&&
e.swapSpec?.swap&&await this.timeout(e.swapSpec?.swap),r==="delete"){i.parentNode&&(this.#f(i),i.parentNode.removeChild(i));return}let o,u=[],p=n.settle??this.config.
defaultSettleDelay,d=i.parentNode;if(r==="innerHTML"||r==="outerHTML"&&d){let m=document.activeElement;if(m?.id){let y,S;try{y=m.selectionStart,S=m.selectionEnd}catch{}
o={elt:m,start:y,end:S}}u=t&&p?this.#ft(s,i):[]}let f=this.#Re(s),g=[...s.childNodes];try{if(r==="innerHTML"){for(let m of i.children)this.#f(m);i.replaceChildren(
...s.childNodes)}else if(r==="textContent"){for(let m of i.querySelectorAll("[data-htmx-powered]"))this.#f(m);i.textContent=s.textContent}else if(r==="outerHTML")
d&&(this.#A(d,i,s),this.#f(i),d.removeChild(i),i=g.find(m=>m.nodeType===1)||d);else if(r==="outerSync"){this.#Y(i,s.firstElementChild);for(let m of i.children)this.#f(
m);i.replaceChildren(...s.firstElementChild.childNodes),g=[i]}else if(r==="innerMorph")this.#X(i,s,!0),g=[...i.childNodes];else if(r==="outerMorph")this.#X(i,s,
!1),g.push(i);else if(r==="beforebegin")d&&this.#A(d,i,s);else if(r==="afterbegin")this.#A(i,i.firstChild,s);else if(r==="beforeend")this.#A(i,null,s);else if(r===
"afterend")d&&this.#A(d,i.nextSibling,s);else{let m=this.#t.get("handle_swap")||[],y=!1;for(let S of m){let E=S(r,i,s,n);if(E){y=!0,Array.isArray(E)&&(g=E);break}}
if(!y)throw new Error(`Unknown swap style: ${r}`)}}finally{this.#_(i,"htmx-swapping")}if(e.target=i,this.#je(f),o&&!o.elt.matches(":focus")){let m=document.getElementById(
o.elt.id);if(m){let y={preventScroll:n.focusScroll!==void 0?!n.focusScroll:!this.config.defaultFocusScroll};this.#ce(m,y,o.start,o.end)}}this.#i(i,"htmx:before:\
settle",{task:e,newContent:g,settleTasks:u});for(let m of g)this.#N(m,"htmx-added");if(t&&u.length>0){this.#N(i,"htmx-settling"),await this.timeout(p);for(let m of u)
m();this.#_(i,"htmx-settling")}this.#i(i,"htmx:after:settle",{task:e,newContent:g,settleTasks:u});for(let m of g)this.#_(m,"htmx-added"),this.process(m),this.#Ve(
m);this.#We(n,i)}#i(e,t,i={},n=!0){if(i.error){let s=`htmx: ${t}: ${i.error.message??i.error}`;i.error instanceof Error?console.error(s,i.error,{elt:e,detail:i}):
console.error(s,{elt:e,detail:i})}else i.warn?console.warn(`htmx: ${t}: ${i.warn}`,{elt:e,detail:i}):this.config.logAll&&console.log(`htmx: ${t}`,{elt:e,detail:i});
return e=this.#D(e),this.#g(e,t,i),this.trigger(e,this.#I(t),i,n)}#g(e,t,i={}){let n=this.#t.get(t.replace(/:/g,"_"));if(n){i.cancelled=!1;for(let s of n)if(s(e,
i)===!1||i.cancelled)return i.cancelled=!0,!1}return!0}timeout(e){if(e=this.parseInterval(e),e>0)return new Promise(t=>setTimeout(t,e))}onLoad(e){this.on(this.#I(
"htmx:after:process"),t=>{e(t.target)})}on(e,t,i){let n,s=document;return i===void 0?(n=e,i=t):(s=this.#D(e),n=t),s.addEventListener(n,i),i}find(e,t){return this.#Q(
e,t)}findAll(e,t){return this.#d(e,t)}parseInterval(e){if(typeof e=="number")return e;let t={ms:1,s:1e3,m:6e4},[,i,n]=e?.match(/^([\d.]+)(ms|s|m)?$/)||[],s=parseFloat(
i)*(t[n]||1);return isNaN(s)?void 0:s}trigger(e,t,i={},n=!0){e=this.#D(e);let s=new CustomEvent(t,{detail:i,cancelable:!0,bubbles:n,composed:!0}),r=e?.isConnected?
e:document;return!i?.cancelled&&r.dispatchEvent(s)}ajax(e,t,i){(!i||i instanceof Element||typeof i=="string")&&(i={target:i});let n=typeof i.source=="string"?document.
querySelector(i.source):i.source;if(typeof i.source=="string"&&!n)return Promise.reject(new Error("Source not found"));n||=document.body;let s=this.#F(n,i.event||
{});return Object.assign(s,i),i.target&&(s.target=this.#U(document.body,i.target),!s.target)?Promise.reject(new Error("Target not found")):(Object.assign(s.request,
{action:t,method:e.toUpperCase()}),i.headers&&Object.assign(s.request.headers,i.headers),this.#se(s))}#Ke(e){this.config.history&&(history.pushState({htmx:!0},"",
e),this.#i(document,"htmx:after:history:push",{path:e}))}#Qe(e){this.config.history&&(history.replaceState({htmx:!0},"",e),this.#i(document,"htmx:after:history:\
replace",{path:e}))}async#me(e,t){if(await this.timeout(1),e??=history.state,!e?.htmx)return;this.#m?.abort(),t=t||location.pathname+location.search;let i=document.
querySelector(this.#w("[hx-history-elt]"))||document.body;if(this.#i(document,"htmx:before:history:restore",{path:t,cacheMiss:!0}))if(this.config.history==="rel\
oad")this._loc.reload();else return this.#m=new AbortController,this.ajax("GET",t,{target:i,swap:"outerSync",select:i!==document.body?this.#w("[hx-history-elt]"):
void 0,request:{headers:{"HX-History-Restore-Request":"true"},signal:this.#m.signal}})}#Ge(e){let{sourceElement:t,push:i,replace:n,hx:s,response:r}=e;if((s?.pushurl||
s?.replaceurl)&&(i=s.pushurl,n=s.replaceurl),i==null&&n==null&&this.#C(t)&&(i="true"),(i==="false"||i===!1)&&(i=null),(n==="false"||n===!1)&&(n=null),!i&&!n)return null;
let o=i||n;if(o==="true"){let p=r?.raw?.url||e.request.action,d=new URL(p,location.href);o=d.pathname+d.search+(e.request.anchor?"#"+e.request.anchor:"")}return{
type:i?"push":"replace",path:o}}#Xe(e){if(!this.config.history)return;history.state?.htmx||history.replaceState({htmx:!0},"",location.href);let t=this.#Ge(e);if(!t)
return;let i={history:t,sourceElement:e.sourceElement,response:e.response};this.#i(document,"htmx:before:history:update",i)&&(t.type==="push"?this.#Ke(t.path):this.#Qe(
t.path),this.#i(document,"htmx:after:history:update",i))}#Je(e){if(e._htmx?.onInitialized)return;let t=this.#O("hx-on"),i=this.config.metaCharacter||":",n=s=>async r=>{
try{await this.#S(e,{event:r},`with(event?.detail||{}){${s}}`,!1)}catch(o){typeof o!="symbol"&&this.#i(e,"htmx:error",{error:o})}};for(let s of e.getAttributeNames()){
let r=t.find(d=>s.startsWith(d));if(!r)continue;this.#p(e).onInitialized=!0;let o=s.substring(r.length),u=e.getAttribute(s);if(!o){for(let d of u.split(/;(?=[^;]*->)/)){
let f=d.indexOf("->");f!==-1&&this.#H(e,d.substring(0,f).trim(),n(d.substring(f+2).trim()))}continue}if(o[0]!==i)continue;let p=o.substring(1);p.startsWith(i)&&
(p="htmx"+i+p.substring(1)),this.#H(e,p,n(u))}}#Ye(e){let t=e.sourceElement,i=this.#s(t,"hx-indicator"),n;if(i)n=this.#d(t,i,"hx-indicator");else{if(t===document.
body)return;n=[t]}for(let s of n){e.indicators.push(s);let r=this.#x(s);r.rc=(r.rc||0)+1,this.#N(s,this.config.requestClass)}}#Ze(e){for(let t of e){let i=this.#x(
t);i.rc&&--i.rc<=0&&(this.#_(t,this.config.requestClass),delete i.rc)}}#et(e){let t=e.sourceElement,i=this.#s(t,"hx-disable");if(i)for(let n of this.#d(t,i,"hx-\
disable")){e.disabledElements.push(n);let s=this.#x(n);s.dc=(s.dc||0)+1,n.disabled=!0}}#tt(e){for(let t of e){let i=this.#x(t);i.dc&&--i.dc<=0&&(t.disabled=!1,delete i.
dc)}}#pe(e,t,i,n,s){if(n&&t&&!t.reportValidity())return;i??=t&&e.type==="submit"?e:null;let r=t?new FormData(t):new FormData,o=t?new Set(t.elements):new Set;if(!t){
if(n&&e.reportValidity&&!e.reportValidity())return;this.#ge(e,o,r,s)}i?.name&&(r.append(i.name,i.value),o.add(i));let u=this.#s(e,"hx-include");if(u)for(let p of this.#d(
e,u)){if(n&&p.reportValidity&&!p.reportValidity())return;this.#ge(p,o,r)}return r}#ge(e,t,i,n){let s=e.tagName,r=[];s==="BUTTON"||s.includes("-")?r=[e]:(["INPUT",
"SELECT","TEXTAREA","FIELDSET"].includes(s)||!n&&e!==document.body)&&(r=this.#v(e,"[name]:not(button)"));for(let o of r){let u=o.name||o.getAttribute?.("name");
if(!u||o.matches(":disabled")||t.has(o))continue;t.add(o);let p=o.type;if(p==="checkbox"||p==="radio"||o.tagName!=="INPUT"&&"checked"in o)o.checked&&i.append(u,
o.value);else if(p==="file")for(let d of o.files)i.append(u,d);else if(p==="select-multiple")for(let d of o.selectedOptions)i.append(u,d.value);else if(Array.isArray(
o.value))for(let d of o.value)i.append(u,d);else i.append(u,o.value)}}#P(e,t,i,n={}){let s=this.#s(e,t);if(!s)return null;let r=this.#G(s);if(r)return r.indexOf(
"{")!==0&&(r="{"+r+"}"),this.#S(e,n,r,!0).then(o=>{i(o)});i(a.parse(s))}#it(e){let t=e.trim();return t.startsWith("<")&&t.endsWith("/>")?t.slice(1,-2):t}#d(e,t,i,n){
let s=t??e,r=t?this.#D(e)||document.body:document;if(s.startsWith("global "))return this.#d(r,s.slice(7),i,!0);let o=s?a.split(s):[],u=[],p=[];for(let d of o){let f=this.#it(
d),g;if(f.startsWith("closest "))g=r.closest(f.slice(8));else if(f.startsWith("find "))g=r.querySelector(f.slice(5));else if(f.startsWith("findAll "))u.push(...r.
querySelectorAll(f.slice(8)));else if(f==="next"||f==="nextElementSibling")g=r.nextElementSibling;else if(f.startsWith("next "))g=this.#st(r,f.slice(5),!!n);else if(f===
"previous"||f==="previousElementSibling")g=r.previousElementSibling;else if(f.startsWith("previous "))g=this.#rt(r,f.slice(9),!!n);else if(f==="document")g=document;else if(f===
"window")g=window;else if(f==="body")g=document.body;else if(f==="host")g=r.getRootNode().host;else if(f==="this"){if(i){u.push(...this.#Te(r,i));continue}g=r}else
p.push(f);g&&u.push(g)}if(p.length>0){let d=p.join(","),f=this.#z(r,!!n);u.push(...f.querySelectorAll(d))}return[...new Set(u)]}#st(e,t,i){return this.#be(this.#z(
e,i).querySelectorAll(t),e,Node.DOCUMENT_POSITION_PRECEDING)}#rt(e,t,i){let n=[...this.#z(e,i).querySelectorAll(t)].reverse();return this.#be(n,e,Node.DOCUMENT_POSITION_FOLLOWING)}#be(e,t,i){
for(let n of e)if(n.compareDocumentPosition(t)===i)return n}#z(e,t){return e.isConnected&&e.getRootNode?e.getRootNode?.({composed:t}):document}#K(e,t,i){let n=this.#d(
e,t,i)[0];return n||console.warn(`htmx: '${t}' on ${i} did not match any element`,{elt:e,selector:t,attr:i}),n}#Q(e,t,i){return this.#d(e,t,i)[0]}#G(e){if(e!=null){
if(e.startsWith("js:"))return e.substring(3);if(e.startsWith("javascript:"))return e.substring(11)}}#nt(e){let t=this.#p(e);if(t.abortInitialized)return;t.abortInitialized=
!0;let i=()=>{this.#ne(e).abort()};e.addEventListener("htmx:abort",i),t.listeners.push({fromElt:e,eventName:"htmx:abort",handler:i})}#X(e,t,i){let{persistentIds:n,
idMap:s}=this.#at(e,t),r=document.createElement("div");r.hidden=!0,document.body.after(r);let o={target:e,idMap:s,persistentIds:n,pantry:r,futureMatches:new WeakSet};
i?this.#J(o,e,t):this.#J(o,e.parentNode,t,e,e.nextSibling),this.#f(r),r.remove()}#J(e,t,i,n=null,s=null){t instanceof HTMLTemplateElement&&i instanceof HTMLTemplateElement&&
(t=t.content,i=i.content),n||=t.firstChild;let r=i.firstChild;for(;r;){let o;if(n&&n!=s&&(o=this.#ot(e,r,n,s),o&&o!==n)){let p=n;for(;p&&p!==o;){let d=p;p=p.nextSibling,
d instanceof Element&&(e.idMap.has(d)||this.#ye(e,d,r))?this.#q(t,d,s):this.#we(e,d)}}if(!o&&r instanceof Element&&e.persistentIds.has(r.id)){let p=CSS.escape(r.
id);o=e.target.id===r.id&&e.target||e.target.querySelector(`[id="${p}"]`)||e.pantry.querySelector(`[id="${p}"]`);let d=o;for(;d=d.parentNode;){let f=e.idMap.get(
d);f&&(f.delete(o.id),f.size||e.idMap.delete(d))}this.#q(t,o,n)}if(o){this.#ve(o,r,e),n=o.nextSibling,r=r.nextSibling;continue}let u=r.nextSibling;if(e.idMap.has(
r)){let p=document.createElement(r.tagName);t.insertBefore(p,n),this.#ve(p,r,e),this.process(p),n=p.nextSibling}else t.insertBefore(r,n),n=r.nextSibling;r=u}for(;n&&
n!=s;){let o=n;n=n.nextSibling,this.#we(e,o)}}#ye(e,t,i){if(e.futureMatches.has(t))return!0;for(let n=i.nextSibling,s=0;n&&s<this.config.morphScanLimit;n=n.nextSibling,
s++)if(n instanceof Element&&t.isEqualNode(n))return e.futureMatches.add(t),!0;return!1}#ot(e,t,i,n){if(t.nodeType===3)return i?.nodeType===3?i:null;if(!(t instanceof
Element))return null;let s=null,r=0,o=this.config.morphScanLimit,u=e.idMap.get(t),p=u?.size||0;if(t.id&&!u)return null;let d=i;for(;d&&d!=n;){let f=e.idMap.get(
d);if(this.#l.isSoftMatch(d,t)){if(f&&u&&[...f].some(g=>u.has(g)))return d;if(!f){if(o>0&&d.isEqualNode(t))return d;s||(s=d)}}if(r+=f?.size||0,r>p||document.activeElement?.
selectionStart!=null&&d.contains(document.activeElement)||--o<1&&p===0)break;d=d.nextSibling}return s&&this.#ye(e,s,t)?null:s}#lt(e,t){return!(e instanceof Element)||
e.tagName!==t.tagName||e.tagName==="SCRIPT"&&!e.isEqualNode(t)?!1:!e.id||e.id===t.id}#we(e,t){e.idMap.has(t)?this.#q(e.pantry,t,null):(this.#f(t),t.remove())}#q(e,t,i){
if(e.moveBefore)try{e.moveBefore(t,i);return}catch{}e.insertBefore(t,i)}#ve(e,t,i){if(e.nodeType===3){e.nodeValue!==t.nodeValue&&(e.nodeValue=t.nodeValue);return}
if(this.config.morphSkip&&e.matches?.(this.config.morphSkip)||!this.#g(e,"htmx:before:morph:node",{oldNode:e,newNode:t}))return;this.#Y(e,t),e instanceof HTMLTextAreaElement&&
document.activeElement!==e&&e.defaultValue!=t.defaultValue&&(e.value=t.value),!(this.config.morphSkipChildren&&e.matches?.(this.config.morphSkipChildren))&&(!e.
isEqualNode(t)||t.tagName==="TEMPLATE"||t.querySelector?.("template"))&&this.#J(i,e,t)}#Y(e,t){let i=this.config.morphIgnore||[],n=!1,s=r=>this.#O("hx-").some(o=>r.
startsWith(o));for(let r of t.attributes)if(!i.some(o=>r.name.startsWith(o))&&e.getAttribute(r.name)!==r.value){if(s(r.name)&&(n=!0),!this.#g(e,"htmx:before:mor\
ph:attr",{attrName:r.name,newValue:r.value}))continue;e.setAttribute(r.name,r.value),r.name==="value"&&e instanceof HTMLInputElement&&e.type!=="file"&&document.
activeElement!==e&&(e.value=r.value)}for(let r=e.attributes.length-1;r>=0;r--){let o=e.attributes[r];if(o&&!t.hasAttribute(o.name)&&!i.some(u=>o.name.startsWith(
u))){if(s(o.name)&&(n=!0),!this.#g(e,"htmx:before:morph:attr",{attrName:o.name,newValue:null}))continue;e.removeAttribute(o.name)}}n&&this.#f(e,!0)}#xe(e,t,i,n){
for(let s of n)if(t.has(s.id)){let r=s;for(;r&&r!==i;){let o=e.get(r);o==null&&(o=new Set,e.set(r,o)),o.add(s.id),r=r.parentElement}}}#at(e,t){let i=this.#v(e,"\
[id]"),n=t.querySelectorAll("[id]"),s=this.#ht(i,n),r=new Map;return this.#xe(r,s,e.parentElement,i),this.#xe(r,s,t,n),{persistentIds:s,idMap:r}}#ht(e,t){let i=new Set,
n=new Map;for(let{id:r,tagName:o}of e)n.has(r)?i.add(r):r&&n.set(r,o);let s=new Set;for(let{id:r,tagName:o}of t)s.has(r)?i.add(r):n.get(r)===o&&s.add(r);for(let r of i)
s.delete(r);return s}#ut(e){let t=e.response.raw.status,i=this.config.noSwap.map(s=>s+""),n=t+"";for(let s of[n,n.slice(0,2)+"x",n[0]+"xx"]){if(i.includes(s)){e.
swap="none";return}let r=this.#s(e.sourceElement,"hx-status:"+s);if(r){a.merge(r,e);return}}}#ct(e,t){return new Promise(i=>{this.#b||=[],this.#b.push({task:e,resolve:i,
ctx:t}),this.#c||this.#Se()})}async#Se(){if(this.#b.length===0||this.#c)return;this.#c=!0;let{task:e,resolve:t,ctx:i}=this.#b.shift();try{if(document.startViewTransition){
let n={task:e,ctx:i};this.#i(i.sourceElement,"htmx:before:viewTransition",n),await document.startViewTransition(n.task).finished,this.#i(i.sourceElement,"htmx:a\
fter:viewTransition",n)}else await e()}catch{}finally{this.#c=!1,t(),this.#Se()}}#ft(e,t){let i=["class","style","width","height"],n=t.querySelectorAll("[id]"),
s=Object.fromEntries([...n].map(u=>[u.id,u])),r=e.querySelectorAll("[id]"),o=[];for(let u of r){let p=s[u.id];if(p?.tagName===u.tagName){let d=u.cloneNode(!1);for(let f of i)
p.hasAttribute(f)?u.setAttribute(f,p.getAttribute(f)):u.removeAttribute(f);o.push(()=>{this.#Y(u,d)})}}return o}#N(e,t){e?.classList?.add?.(t)}#_(e,t){e?.classList?.
remove?.(t),e?.classList?.length===0&&e.removeAttribute("class")}#D(e){return typeof e=="string"?this.find(e):e}#I(e){return this.config.metaCharacter?e.replace(
/:/g,this.config.metaCharacter):e}}return new c})();typeof window<"u"&&(window.htmx=G);var O=G;(()=>{let a,l=new Set;function c(r){let o=a.attributeValue(r,"hx-sse:connect")!=null,u=a.HCON.parse(a.attributeValue(r,"hx-config")).sse||{};return{reconnect:o,
reconnectDelay:500,reconnectMaxDelay:6e4,reconnectMaxAttempts:1/0,reconnectJitter:.3,connectTimeout:htmx.config.defaultTimeout,pauseOnBackground:o,releaseOn:o?"\
immediate":"end",...htmx.config.sse,...u}}function h(r){for(let o of Object.keys(r))o.toLowerCase()==="last-event-id"&&delete r[o]}async function*e(r){let o=r.reader,
u=r.lastEventId,p=new TextDecoder,d="",f=!1,g=!1,m={data:"",event:"",retry:null},y=!0;try{for(;;){let{done:S,value:E}=await o.read();if(S)break;let A=p.decode(E,
{stream:!0});y&&(A.charCodeAt(0)===65279&&(A=A.slice(1)),y=!1),d+=A;let w=d.split(/\r\n|\r|\n/);d=w.pop()||"";for(let I of w){if(!I){(f||g||m.event)&&(yield{...m,
id:u,hasData:f,hasId:g}),f=!1,g=!1,m={data:"",event:"",retry:null};continue}let v=I.indexOf(":");if(v===0)continue;let T,x;if(v<0?(T=I,x=""):(T=I.slice(0,v),x=I.
slice(v+1),x[0]===" "&&(x=x.slice(1))),T==="data")m.data+=(f?`
`:"")+x,f=!0;else if(T==="event")m.event=x;else if(T==="id")x.includes("\0")||(u=x,g=!0);else if(T==="retry"){let H=parseInt(x,10);isNaN(H)||(m.retry=H)}}}}finally{
o.releaseLock(),r.reader=null}}async function t(r,o){let u=r.sourceElement,p=c(u),d=!1,f=null;function g(){o&&(o(),o=null)}p.releaseOn==="immediate"&&g();let m={
url:r.request.action,config:p,abortController:{abort:r.request.abort,signal:r.request.signal},reader:null,lastEventId:"",delayCanceller:null,visibilityHandler:null,
attempt:0,cancelled:!1,status:null};a.htmxProp(u).sse=m;let y=()=>{!u.isConnected||d||(d=!0,m.delayCanceller&&m.delayCanceller(),m.reader?.cancel())},S=!1,E=null;
if(p.pauseOnBackground){let w=()=>{document.hidden?(S=!0,m.reader?.cancel()):S&&(S=!1,E&&E())};document.addEventListener("visibilitychange",w),m.visibilityHandler=
w}if(m.cancelled=!1,!a.triggerHtmxEvent(u,"htmx:sse:before:connection",{connection:m})||m.cancelled){n(u,"cancelled");return}m.status=r.response.status,a.triggerHtmxEvent(
u,"htmx:sse:after:connection",{connection:m});let A=r.response.raw;try{for(;u.isConnected;){if(m.attempt>0){if(S){if(await new Promise(k=>{E=k}),E=null,!u.isConnected)
break;m.attempt=1,d=!0}if(!d&&(!p.reconnect||m.attempt>p.reconnectMaxAttempts))break;let w=htmx.parseInterval(p.reconnectDelay)??p.reconnectDelay,I=htmx.parseInterval(
p.reconnectMaxDelay)??p.reconnectMaxDelay,v=Math.min(w*Math.pow(2,m.attempt-1),I);if(p.reconnectJitter>0){let k=v*p.reconnectJitter;v=Math.max(0,v+(Math.random()*
2-1)*k)}if(m.cancelled=!1,!a.triggerHtmxEvent(u,"htmx:sse:before:connection",{connection:m})||m.cancelled||(await new Promise(k=>{m.delayCanceller=k,setTimeout(
k,v)}),m.delayCanceller=null,!u.isConnected))break;let T=new AbortController;m.abortController=T;let x=!1,H=htmx.parseInterval(p.connectTimeout)??p.connectTimeout,
P=H>0?setTimeout(()=>{x=!0,T.abort()},H):null;try{h(r.request.headers),m.lastEventId&&(r.request.headers["Last-Event-ID"]=m.lastEventId),A=await fetch(r.request.
action,{...r.request,signal:T.signal}),clearTimeout(P)}catch(k){if(clearTimeout(P),T.signal.aborted&&!x)break;a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,
error:k}),d=!1,m.attempt++;continue}if(!A.ok){a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,error:new Error(`SSE reconnect failed with status ${A.status}`),
status:A.status}),d=!1,m.attempt++;continue}m.status=A.status,a.triggerHtmxEvent(u,"htmx:sse:after:connection",{connection:m}),m.attempt=0}d=!1;try{m.reader=A.body.
getReader();for await(let w of e(m)){if(!u.isConnected||d)break;if(w.hasId&&(m.lastEventId=w.id,w.id||h(r.request.headers)),!w.hasData&&!w.event)continue;let I=[],
v={connection:m,message:{data:w.data,event:w.event,id:w.id},cancelled:!1,waitUntil:x=>I.push(Promise.resolve(x))},T=a.triggerHtmxEvent(u,"htmx:sse:before:messag\
e",v);if(await Promise.all(I),!(!T||v.cancelled)){if(w.retry!=null&&(p.reconnectDelay=w.retry),v.message.event){v.message.event==="hx:release"&&g(),htmx.trigger(
u,v.message.event,{data:v.message.data,id:v.message.id}),a.triggerHtmxEvent(u,"htmx:sse:after:message",{connection:m,message:v.message});let x=a.attributeValue(
u,"hx-sse:close");if(x&&v.message.event===x){f="message",m.reader?.cancel();return}continue}r.text=v.message.data,r.swap.includes("swapEmpty")||(r.swap+=" swapE\
mpty:false"),await htmx.swap(r),p.releaseOn==="first"&&g(),a.triggerHtmxEvent(u,"htmx:sse:after:message",{connection:m,message:v.message})}}}catch(w){!m.abortController?.
signal?.aborted&&w.name!=="AbortError"&&a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,error:w})}if(!u.isConnected)break;m.attempt++}}finally{g(),n(u,f??(u.
isConnected?"ended":"removed"))}}function i(r){let o=a.attributeValue(r,"hx-sse:connect");if(!o||r._htmx?.sse)return;let u=a.attributeValue(r,"hx-trigger")||"lo\
ad";a.onTrigger(r,u,()=>{r._htmx?.sse||htmx.ajax("GET",o,{source:r,timeout:c(r).connectTimeout})})}function n(r,o){let u=r?._htmx?.sse;u&&(u.reader?.cancel?.(),
u.abortController?.abort(),u.delayCanceller&&u.delayCanceller(),u.visibilityHandler&&document.removeEventListener("visibilitychange",u.visibilityHandler),a.triggerHtmxEvent(
r,"htmx:sse:close",{connection:u,reason:o||"cleanup"}),delete r._htmx.sse)}function s(r){for(let o of["sse-connect","sse-close","sse-swap"])!r.hasAttribute(o)||
l.has(o)||(console.warn(o==="sse-swap"?"htmx: [hx-sse] sse-swap is removed in htmx 4. Unnamed SSE messages are swapped automatically. Named events are dispatche\
d as DOM events.":`htmx: [hx-sse] legacy attribute ${o} is deprecated; use hx-sse:${o.slice(4)} instead`),l.add(o))}htmx.registerExtension("sse",{init:r=>{a=r},
htmx_config_request:(r,{ctx:o})=>{o.request.headers.Accept=`${o.request.headers.Accept??o.request.headers.accept??"text/html"}, text/event-stream`,o.timeout!=null&&
(o.request.timeout=o.timeout)},htmx_before_response:(r,o)=>{let u=o.ctx;if(!u.response.raw.headers.get("Content-Type")?.includes("text/event-stream"))return;clearTimeout(
u.requestTimeout);let d;return u.extensionPromise=new Promise(f=>d=f),t(u,d).catch(f=>{f.name!=="AbortError"&&a.triggerHtmxEvent(r,"htmx:sse:error",{error:f,url:u.
request.action})}),!1},htmx_after_process:r=>{let o=htmx.config.metaCharacter||":",u=f=>{s(f);for(let g of["connect","close"]){let m=`sse-${g}`;if(!f.hasAttribute(
m))continue;let y=(htmx.config.prefix||"hx-")+"sse"+o+g;f.hasAttribute(y)||f.setAttribute(y,f.getAttribute(m))}i(f)};u(r);let d=`[${CSS.escape("hx-sse"+o+"conne\
ct")}]`;htmx.config.prefix&&(d+=`,[${CSS.escape(htmx.config.prefix+"sse"+o+"connect")}]`),r.querySelectorAll(`${d},[sse-connect],[sse-close],[sse-swap]`).forEach(
u)},htmx_before_cleanup:r=>{n(r)}})})();function X(){throw new Error("this page evaluates no code from attributes")}function we(){let a={createHTML:l=>l,createScript:()=>""};try{return globalThis.trustedTypes?.
createPolicy("stepwell",a)??a}catch{return a}}function ve(){return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content")??""}function J(a){
let{indicatorStyleSheet:l}=O;O.config.includeIndicatorCSS=!1,O.config.morphIgnore=[...O.config.morphIgnore,"open"],document.adoptedStyleSheets=document.adoptedStyleSheets.
filter(c=>c!==l),O.registerExtension("stepwell",{init:c=>c.initSecurity(we(),X,X),htmx_before_on_init:()=>!1,htmx_config_request:(c,{ctx:h})=>{h.request.method!==
"GET"&&(h.request.headers["x-csrf-token"]=ve())},htmx_after_process:a})}var U="stepwell-keys",xe=1500;function Se(a,l,c){return l!==null&&c.includes(`${l} ${a}`)?{shortcut:`${l} ${a}`}:c.includes(a)?{shortcut:a}:c.some(h=>h.startsWith(
`${a} `))?{first:a}:null}function Ee(a){return a instanceof HTMLElement&&(a.isContentEditable||a.matches('input, textarea, select, [role="textbox"]'))}function ee(){
let a=new Map;for(let l of document.querySelectorAll("a[data-key]"))a.has(l.dataset.key??"")||a.set(l.dataset.key??"",l);return a}function F(a,l){let c=l.split(
" ").flatMap(h=>[b("kbd",{},h)," "]);return b("div",{},b("dt",{},...c),b("dd",{},a))}function te(){let a=[F("Search this page","/"),F("Show the keyboard shortcu\
ts","?")];for(let[h,e]of ee())a.push(F((e.firstElementChild??e).textContent?.trim()??"",h));let l=b("input",{type:"checkbox"});l.checked=j(U)!=="off",l.addEventListener(
"change",()=>z(U,l.checked?null:"off"));let c=L("Keyboard shortcuts",[b("dl",{class:"keys"},...a),b("label",{class:"check"},l,"Use keyboard shortcuts in this br\
owser"),b("div",{class:"dialog-actions"},q("Close",()=>c.close()))])}function Te(){let l=[...document.querySelectorAll('[data-search], input[type="search"]')].find(
c=>c.checkVisibility());l?.focus(),l?.select?.()}var Y=null,Z=0;function Ce(a){let{key:l,ctrlKey:c,metaKey:h,altKey:e,timeStamp:t}=a;if(c||h||e||a.defaultPrevented||
a.isComposing||Ee(a.composedPath()[0])||document.querySelector("dialog[open]")||j(U)==="off")return;let n=ee(),s=Se(l,t-Z<xe?Y:null,["/","?",...n.keys()]);Y=s?.
first??null,Z=t,s?.shortcut&&(a.preventDefault(),s.shortcut==="/"?Te():s.shortcut==="?"?te():n.get(s.shortcut)?.click())}function ie(){document.addEventListener(
"keydown",Ce),document.addEventListener("click",({target:a})=>{a instanceof Element&&a.closest("[data-keys-help]")&&te()})}var M=class{#e=new Uint32Array(1024);#t=0;#n=0;get length(){return this.#n-this.#t}at(l){return this.#e[this.#t+l]??0}push(l){if(this.#n===this.#e.length){let c=this.#e.
subarray(this.#t,this.#n),h=new Uint32Array(Math.max(1024,c.length*2));h.set(c),[this.#e,this.#n,this.#t]=[h,c.length,0]}this.#e[this.#n]=l,this.#n+=1}find(l){let[
c,h]=[0,this.length];for(;c<h;){let e=c+h>>1;this.at(e)<l?c=e+1:h=e}return c}dropBelow(l){this.#t+=this.find(l)}};var C=8192,$=["trace","debug","info","warn","error"],_=class{#e=[];#t=0;#n=new Map;#r={step:"",level:0};#l=null;first=0;end=0;steps=[];rows=new M;matches=new M;version=0;constructor(l=1e6){
this.max=l}get busy(){return this.#t<this.end}push(l){let c=this.end%C;c===0&&this.#o();let h=this.#e.at(-1);if(!h)return;h.number[c]=l.number,h.at[c]=Date.parse(
l.at),h.step[c]=this.#h(l.step??"");let e=$.indexOf(l.level??"info");h.level[c]=e<0?2:e,h.text.push(String(l.text)),this.end+=1}get(l){let c=this.#e[Math.floor(
l/C)-this.first/C],h=l%C;return{number:c?.number[h]??0,at:c?.at[h]??0,step:this.steps[c?.step[h]??0]??"",level:$[c?.level[h]??2]??"info",text:c?.text[h]??""}}select(l,c,h){
this.#r={step:l,level:Math.max(0,$.indexOf(c))},this.#l=h,this.#t=this.first,this.rows=new M,this.matches=new M,this.version+=1}scan(l){let c=performance.now()+
l;for(;this.#t<this.end;){if(this.#t%512===511&&performance.now()>c)return this.#a();this.#a()}return!0}#a(){let l=this.#t,c=this.#e[Math.floor(l/C)-this.first/
C],h=l%C;this.#t+=1;let{step:e,level:t}=this.#r;return c&&(c.level[h]??0)>=t&&(e===""||this.steps[c.step[h]??0]===e)&&(this.rows.push(l),this.#l&&(c.text[h]??"").
search(this.#l)>=0&&this.matches.push(l)),this.#t>=this.end}#o(){this.#e.push({number:new Float64Array(C),at:new Float64Array(C),step:new Uint32Array(C),level:new Uint8Array(
C),text:[]}),!(this.#e.length*C<=this.max||this.#e.length===1)&&(this.#e.shift(),this.first+=C,this.#t=Math.max(this.#t,this.first),this.rows.dropBelow(this.first),
this.matches.dropBelow(this.first))}#h(l){let c=this.#n.get(l);return c===void 0&&(c=this.steps.push(l)-1,this.#n.set(l,c)),c}};function se(a,{line:l,state:c}){let h=new EventSource(a.dataset.logStream??""),e=-1/0;h.addEventListener("open",()=>c("live")),h.addEventListener("error",()=>{a.
isConnected||h.close(),c(h.readyState===EventSource.CLOSED?"disconnected":"reconnecting")}),h.addEventListener("end",()=>{h.close(),c("complete")}),h.addEventListener(
"message",({data:t})=>{a.isConnected||h.close();let i=JSON.parse(t);i.number<=e||(e=i.number,l(i))})}var Ae=/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;function qe(a){let l=a.charCodeAt(0);return l<32?String.
fromCharCode(9216+l):l===127?"\u2421":`U+${l.toString(16).toUpperCase().padStart(4,"0")}`}function re(a,l=null){let c=[],h=0;for(let e of l?a.matchAll(l):[])e[0]!==
""&&(V(a.slice(h,e.index),"plain",c),V(e[0],"found",c),h=e.index+e[0].length);return V(a.slice(h),"plain",c),c}function V(a,l,c){let h=0;for(let{0:e,index:t}of a.
matchAll(Ae))t>h&&c.push({text:a.slice(h,t),kind:l}),c.push({text:qe(e),kind:"control"}),h=t+1;h<a.length&&c.push({text:a.slice(h),kind:l})}function ne(a){if(a.
length<=4e3)return a;let l=a.charCodeAt(3999);return a.slice(0,l>=55296&&l<=56319?3999:4e3)}function oe(a){return a===""?null:new RegExp(a.replace(/[.*+?^${}()|[\]\\/-]/g,
"\\$&"),"gi")}function le({lines:a,shown:l,dropped:c,matches:h,match:e,state:t}){let i=s=>s.toLocaleString("en"),n=[a===1?"1 line":`${i(a)} lines`];return l!==a&&
n.push(`${i(l)} shown`),h!==null&&n.push(h===1?"1 match":`${i(h)} matches`),e>0&&n.push(`at match ${i(e)}`),c>0&&n.push(`without the oldest ${i(c)}`),`${n.join(
", ")}; ${t}`}var ke=new Intl.DateTimeFormat("en-GB",{timeStyle:"medium",hourCycle:"h23"});function ae(a,l,c){for(let h of re(l,c))h.kind==="plain"?a.append(h.text):h.kind===
"found"?a.append(b("mark",{},h.text)):a.append(b("span",{class:"log-control",title:"control character"},h.text))}function he({number:a,at:l,step:c,level:h,text:e},t,i){
let n=Number.isNaN(l)?"":ke.format(l),s=b("span",{class:"log-text"});if(e.length>4e3){let r=`show all (${e.length.toLocaleString("en")} characters)`;s.append(q(
r,()=>Me(a,e,t),"log-all"))}return ae(s,ne(e),t),b("div",{class:"log-row","data-level":h,...i&&{"data-current":""}},b("span",{class:"log-number"},String(a)),b("\
time",{class:"log-time",...n&&{title:new Date(l).toISOString()}},n),b("span",{class:"log-level"},h),b("span",{class:"log-step",title:c},c),s)}function Me(a,l,c){
let h=b("pre",{class:"code wrap",tabindex:"0"});ae(h,l,c);let e=q("Close",()=>t.close()),t=L(`Line ${a}`,[h,b("div",{class:"dialog-actions"},e)])}var ue=12,Le=12e6,D=class{#e=b("div",{class:"log-rows"});#t=b("div",{class:"log-spacer"});#n="";#r=20;#l=0;#a=0;search=null;current=-1;follow=!0;constructor(l,c,h){
this.store=l,this.changed=h,this.element=b("div",{class:"log-view",tabindex:"0",role:"group","aria-label":c}),this.element.append(this.#t,this.#e),this.element.
addEventListener("scroll",()=>this.#h()),this.element.addEventListener("keydown",e=>this.#u(e)),new ResizeObserver(()=>this.update()).observe(this.element)}#o(){
let l=this.store.rows.length*this.#r,c=Math.min(l,Le),h=this.element.clientHeight;return{all:l,spacer:c,view:h,ratio:c>h?(l-h)/(c-h):1}}update(){this.#r=Number.
parseFloat(getComputedStyle(this.#e).lineHeight)||20;let l=this.#o();this.#t.style.height=`${l.spacer}px`,this.follow?this.element.scrollTop=l.spacer:(l.ratio!==
1||this.#a!==this.store.first)&&(this.element.scrollTop=this.store.rows.find(this.#l)*this.#r/l.ratio),this.#a=this.store.first,this.render()}render(){let{ratio:l,
view:c}=this.#o(),h=this.element.scrollTop,e=Math.max(0,Math.floor(h*l/this.#r)-ue),t=Math.min(this.store.rows.length,e+Math.ceil(c/this.#r)+2*ue);this.#e.style.
transform=`translateY(${h-h*l+e*this.#r}px)`;let i=[e,t,this.store.rows.at(e),this.store.version,this.current].join(" ");if(i===this.#n)return;this.#n=i;let n=this.#e.
contains(document.activeElement),s=[];for(let r=e;r<t;r+=1){let o=this.store.rows.at(r);s.push(he(this.store.get(o),this.search,o===this.current))}this.#e.replaceChildren(
...s),n&&this.element.focus({preventScroll:!0})}goTo(l,c=!1){let{ratio:h,view:e}=this.#o(),t=c?(e-this.#r)/2:0;this.element.scrollTop=(l*this.#r-t)/h,this.render()}#h(){
let{scrollTop:l,clientHeight:c,scrollHeight:h}=this.element,e=l+c>=h-this.#r;this.#l=this.store.rows.at(Math.round(l*this.#o().ratio/this.#r)),e!==this.follow&&
!this.store.busy&&(this.follow=e,this.changed()),this.render()}#u(l){if(l.target!==this.element||l.ctrlKey||l.metaKey||l.altKey)return;let{ratio:c,view:h}=this.#o(),
e=this.element.scrollTop*c/this.#r,t=Math.max(1,Math.floor(h/this.#r)-1),i=this.store.rows.length,r={...{PageUp:e-t,PageDown:e+t,ArrowUp:e-1,ArrowDown:e+1},Home:0,
End:i}[l.key];r!==void 0&&(l.preventDefault(),this.goTo(Math.max(0,r)))}};var Oe=12,He=2e3,W=class{#e=new _;#t=0;#n="connecting";#r=-1/0;#l=0;#a=b("input",{type:"search","data-search":"",autocomplete:"off"});#o=b("select",{},b("option",
{value:""},"all steps"));#h=b("select");#u=b("input",{type:"checkbox"});#E=b("p",{class:"log-status","aria-hidden":"true"});#k=b("p",{class:"visually-hidden",role:"\
status","aria-live":"polite"});constructor(l){let c=l.getAttribute("aria-label")??"Log";this.view=new D(this.#e,c,()=>this.#u.checked=this.view.follow);let h=(t,i)=>i?
`${t} and above`:"all levels";this.#h.append(...$.map((t,i)=>b("option",{value:t},h(t,i)))),this.#u.checked=!0;let e=b("div",{class:"toolbar"},N("Search",this.#a),
q("Previous",()=>this.#y(-1),"button plain"),q("Next",()=>this.#y(1),"button plain"),N("Step",this.#o),N("Level",this.#h),b("label",{class:"check"},this.#u,"Fol\
low"));l.replaceChildren(e,this.view.element,this.#E,this.#k),this.#M(),se(l,{line:t=>{this.#e.push(t),this.#c()},state:t=>this.#b(t)})}#M(){this.#a.addEventListener(
"input",()=>this.#m()),this.#o.addEventListener("change",()=>this.#m()),this.#h.addEventListener("change",()=>this.#m()),this.#a.addEventListener("keydown",l=>{
l.key==="Enter"&&(l.preventDefault(),this.#y(l.shiftKey?-1:1))}),this.#u.addEventListener("change",()=>{this.view.follow=this.#u.checked,this.view.update()})}#b(l){
this.#n=l,this.#c()}#m(){this.view.search=oe(this.#a.value),this.view.current=-1,this.#e.select(this.#o.value,this.#h.value,this.view.search),this.#r=-1/0,this.#c()}#y(l){
let{matches:c,rows:h}=this.#e;if(c.length===0)return;let{current:e}=this.view,i=((l>0?c.find(e+1):c.find(e<0?1/0:e)-1)+c.length)%c.length;this.view.current=c.at(
i),this.view.follow=this.#u.checked=!1,this.view.goTo(h.find(this.view.current),!0),this.#r=-1/0,this.#c()}#c(){this.#t||=requestAnimationFrame(()=>{this.#t=0,this.#e.
scan(Oe)||this.#c(),this.#R(),this.view.update(),this.#j()})}#R(){let{steps:l}=this.#e,c=new Set([...this.#o.options].map(({value:h})=>h));this.#o.append(...l.filter(
h=>!c.has(h)).map(h=>b("option",{value:h},h)))}#j(){let{rows:l,matches:c,first:h,end:e}=this.#e,{current:t,search:i}=this.view;this.#E.textContent=le({lines:e-h,
shown:l.length,dropped:h,matches:i?c.length:null,match:t<0?0:c.find(t)+1,state:this.#n}),clearTimeout(this.#l),this.#l=setTimeout(()=>this.#T(),this.#r+He-performance.
now())}#T(){this.#r=performance.now(),this.#k.textContent=this.#E.textContent}},ce=new WeakSet;function fe(a){for(let l of a.querySelectorAll("[data-log-stream]"))
ce.has(l)||new W(l),ce.add(l)}var $e=[[31536e3,"y"],[86400,"d"],[3600,"h"],[60,"min"]];function Ne(a,l){let c=Math.round(Math.abs(l-a)/1e3);if(c<10)return"just now";let[h,e]=$e.find(([i])=>c>=
i)??[1,"s"],t=`${Math.floor(c/h)} ${e}`;return a>l?`in ${t}`:`${t} ago`}function _e(a,l){let c=t=>new Intl.DateTimeFormat("en-GB",{timeZone:t,hourCycle:"h23",year:"\
numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",second:"2-digit",timeZoneName:"short"}),h;try{h=c(l)}catch{h=c(void 0)}let e=Object.fromEntries(
h.formatToParts(a).map(({type:t,value:i})=>[t,i]));return`${e.year}-${e.month}-${e.day} ${e.hour}:${e.minute}:${e.second} ${e.timeZoneName}`}function R(a){let l=Date.
now();for(let c of a.querySelectorAll("time[data-relative][datetime]")){let h=Date.parse(c.getAttribute("datetime")??"");if(Number.isNaN(h))continue;let e=Ne(h,
l);c.textContent!==e&&(c.textContent=e),c.hasAttribute("title")||c.setAttribute("title",_e(h,c.getAttribute("data-zone")??void 0))}}function de(){setInterval(()=>R(
document),2e4),document.addEventListener("visibilitychange",()=>document.hidden||R(document))}function me(a){R(a),fe(a)}Q();ie();de();J(me);me(document);})();
